-- Several transactions of one day are one purchase, as in the purchase models of customer lifetime value, and a day is one of
-- a purchase if its sum is positive (see is_purchase_amount): a refund or a booking of 0.00 is none, and its money counts.
-- order_count is 0 on such a day; else the day's orders, where the extract has them, and 1 where it has not. The rows of a
-- customer stand together, so that what adds them up finds them in the processor's cache.
with transactions as (
    select * from {{ ref('int_transactions_conformed') }}
),

dated as (
    select
        customer_id,
        cast(occurred_at as date) as purchased_on,
        sum(amount) as day_amount,
        case
            when {{ is_purchase_amount('sum(amount)') }} then greatest(
                count(distinct order_id) filter (where order_id is not null and {{ is_purchase_amount('amount') }}), 1
            )
            else 0
        end as order_count
        {%- for feature in own_features() if feature['entity'] == 'transactions' %},
        {%- set column = feature['column'] %}
        sum({{ 'case when ' ~ column ~ ' then 1 else 0 end' if feature['sql_kind'] == 'flag' else column }}) as {{ column }}
        {%- endfor %}
    from transactions
    group by customer_id, cast(occurred_at as date)
)

select * from dated
order by customer_id, purchased_on
