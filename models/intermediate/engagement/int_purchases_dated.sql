-- Several transactions of one day are one purchase, as in the purchase models of customer lifetime value. The rows of a
-- customer stand together (but for the months that a daily build appends), so that what adds them up finds them in the
-- processor's cache.
{{ config(**kept_by_month('months_to_rebuild', 'transactions')) }}
{%- set months = months_to_rebuild('transactions') %}

with transactions as (
    select * from {{ ref('int_transactions_conformed') }}
    {%- if months is not none %}
    where {{ occurred_in_months('occurred_at', months) }}
    {%- endif %}
),

dated as (
    select
        customer_id,
        cast(occurred_at as date) as purchased_on,
        sum(amount) as day_amount
    from transactions
    group by customer_id, cast(occurred_at as date)
)

select
    *
    {%- if keeps_months('transactions') %},
    {{ event_month('purchased_on') }} as occurred_month
    {%- endif %}
from dated
order by customer_id, purchased_on
