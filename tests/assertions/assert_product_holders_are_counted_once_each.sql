-- The multi-membership cut: each product's holders on the day of the observation, and those without any, against the
-- holdings themselves.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

holdings as (
    select * from {{ ref('int_product_holdings_conformed') }}
),

held as (
    select
        coalesce(holdings.product_code, 'none') as product_code,
        count(distinct observations.customer_id) as customers_count
    from observations
    left join holdings
        on
            observations.customer_id = holdings.customer_id
            and coalesce(observations.observed_on >= holdings.opened_on, true)
            and (observations.churn_basis = 'snapshot' or coalesce(observations.observed_on < holdings.closed_on, true))
    group by coalesce(holdings.product_code, 'none')
),

rates as (
    select
        product_code,
        customers_count
    from {{ ref('churn_rates_by_product') }}
)

select
    held.product_code,
    held.customers_count as held_count,
    rates.customers_count as rates_count
from rates
left join held on rates.product_code = held.product_code
where held.customers_count is null or held.customers_count <> rates.customers_count
