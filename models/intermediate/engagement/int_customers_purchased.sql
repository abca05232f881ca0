with purchases as (
    select * from {{ ref('int_purchases_dated') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

purchased as (
    select
        customer_id,
        max(purchased_on) filter (where order_count > 0) as last_purchase_on,
        cast(sum(order_count) as bigint) as purchase_count,
        sum(day_amount) as purchase_amount
    from purchases
    cross join as_of
    where purchased_on <= as_of_date
    group by customer_id
)

select * from purchased
