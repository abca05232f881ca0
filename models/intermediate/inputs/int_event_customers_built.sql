-- The customers whom the last complete build knew, for the next daily build to tell who has gone; none after a build that
-- was not complete.
{{ config(enabled=var('look_back_days') is not none) }}
{{ depends_on_events() }}
{%- set due = ref('int_event_months_due') %}

select customer_id from {{ ref('int_customers_conformed') }}
{%- if not execute or not is_complete_build(due) %}
where 1 = 0
{%- endif %}
