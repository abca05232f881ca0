-- The days up to which purchases are summarised: the as-of date, whose future is not known, and for each of var
-- clv_holdout_days a cut-off so many days before it, where enough purchases came before.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
{#- days of purchases that a back-test needs before its cut-off -#}
{%- set minimum_history_days = 180 %}
with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

started as (
    select min(purchased_on) as started_on from {{ ref('int_purchases_dated') }}
    where order_count > 0
),

days as (
    select
        'latest' as prediction_basis,
        as_of.as_of_date as measured_on,
        cast(null as bigint) as holdout_days
    from as_of
    {%- for days in days_list_var('clv_holdout_days') | unique %}
    union all
    select
        'back_test' as prediction_basis,
        {{ date_shifted('as_of.as_of_date', -days, 'day') }} as measured_on,
        {{ days }} as holdout_days
    from as_of
    {%- endfor %}
),

started_days as (
    select days.*
    from days
    cross join started
    where {{ dbt.datediff('started.started_on', 'days.measured_on', 'day') }} >= {{ minimum_history_days }}
)

select * from started_days
