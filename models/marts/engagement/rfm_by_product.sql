-- A holder of two products is counted under both.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

held as (
    select * from {{ ref('int_products_held') }}
),

holdings_carried as (
    select count(*) > 0 as has_holdings from held
),

members as (
    select
        customers.customer_id,
        coalesce(held.product_code, 'none') as product_code
    from customers
    cross join holdings_carried
    left join held on customers.customer_id = held.customer_id
    where holdings_carried.has_holdings
)

{{ rfm_by(['product_code'], 'members') }}
