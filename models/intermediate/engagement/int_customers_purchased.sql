-- Several transactions of one day are one purchase, as in the purchase models of customer lifetime value.
with transactions as (
    select * from {{ ref('int_transactions_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

purchased as (
    select
        customer_id,
        cast(max(occurred_at) as date) as last_purchase_on,
        count(distinct cast(occurred_at as date)) as purchase_count,
        sum(amount) as purchase_amount
    from transactions
    cross join as_of
    where cast(occurred_at as date) <= as_of_date
    group by customer_id
)

select * from purchased
