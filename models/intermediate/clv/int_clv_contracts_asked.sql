-- Running contracts whose renewals are forecast: all on the latest day, those of a sample of customers in the back-test.
{{ config(materialized='view') }}

with sampled as (
    select customer_id
    from {{ ref('int_clv_contracts_observed') }}
    where prediction_basis = 'back_test' and not is_ended
    group by customer_id
    order by md5(customer_id), customer_id
    limit {{ number_var('sample_size') }}
),

asked as (
    select contracts.*
    from {{ ref('int_clv_contracts_observed') }} as contracts
    left join sampled on contracts.customer_id = sampled.customer_id
    where not contracts.is_ended and (contracts.prediction_basis = 'latest' or sampled.customer_id is not null)
)

select * from asked
