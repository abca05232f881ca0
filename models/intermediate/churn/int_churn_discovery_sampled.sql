-- Customers of the discovery half whose churn is known, in each window that tests read, bounded in number by their hash.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested and is_discovery and is_churned is not null
),

sampled as (
    select * from observations
    order by md5(customer_id), customer_id, window_number
    limit {{ number_var('sample_size') }}
)

select * from sampled
