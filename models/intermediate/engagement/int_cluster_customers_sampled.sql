-- Customers on whom clusters are fitted: all who were ever in contact and has not closed, bounded in number by the hash
-- of the key. Closing ends contacts and empties balances, so closed customers would be a cluster of their own.
with open_customers as (
    select customers.customer_id
    from {{ ref('int_customers_conformed') }} as customers
    cross join {{ ref('int_as_of_date_determined') }} as as_of
    where not coalesce(customers.closed_on <= as_of.as_of_date, false)
),

built as (
    select built.*
    from {{ ref('int_cluster_features_built') }} as built
    inner join open_customers on built.customer_id = open_customers.customer_id
    where built.recency is not null
),

sampled as (
    select * from built
    order by md5(customer_id), customer_id
    limit {{ number_var('sample_size') }}
)

select * from sampled
