-- Several transactions of one day are one purchase, as in the purchase models of customer lifetime value. The rows of a
-- customer stand together, so that what adds them up finds them in the processor's cache.
with transactions as (
    select * from {{ ref('int_transactions_conformed') }}
),

dated as (
    select
        customer_id,
        cast(occurred_at as date) as purchased_on,
        sum(amount) as day_amount
    from transactions
    group by customer_id, cast(occurred_at as date)
)

select * from dated
order by customer_id, purchased_on
