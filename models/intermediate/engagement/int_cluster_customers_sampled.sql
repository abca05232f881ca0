-- Customers from whom clusters are learnt: everybody who was ever in touch, bounded in number by the hash of the key.
with built as (
    select * from {{ ref('int_cluster_features_built') }}
    where recency is not null
),

sampled as (
    select * from built
    order by md5(customer_id), customer_id
    limit {{ number_var('cluster_sample_size') }}
)

select * from sampled
