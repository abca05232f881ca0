-- Customers of the confirmation half whose churn is known, bounded in number by their hash: what portraits are tested on.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and not is_discovery and is_churned is not null
),

sampled as (
    select * from observations
    order by md5(customer_id), customer_id
    limit {{ number_var('sample_size') }}
)

select * from sampled
