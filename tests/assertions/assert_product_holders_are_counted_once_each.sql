-- The multi-membership cut: each product's holders, and those without any, against the holdings themselves.
with held as (
    select
        coalesce(held.product_code, 'none') as product_code,
        count(*) as customers_count
    from {{ ref('int_customers_churned') }} as churned
    left join {{ ref('int_products_held') }} as held on churned.customer_id = held.customer_id
    where churned.is_churned is not null
    group by coalesce(held.product_code, 'none')
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
