-- The customers to whom the last complete build found events to belong, for the next daily build to tell who has gone; none
-- where models were selected by name.
{{ config(enabled=var('look_back_days') is not none) }}
-- depends_on: {{ ref('int_purchases_dated') }}
{%- set due = ref('int_event_months_due') %}

select customer_id from {{ ref('int_customers_conformed') }}
{%- if not execute or not is_listed_by_this_build(due) %}
where 1 = 0
{%- endif %}
