-- A holder of two products is counted under both.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

held as (
    select * from {{ ref('int_products_held') }}
),

members as (
    select
        customers.customer_id,
        coalesce(held.product_code, 'none') as product_code
    from customers
    left join held on customers.customer_id = held.customer_id
    where (select count(*) from held) > 0
)

{{ rfm_by(['product_code'], 'members') }}
