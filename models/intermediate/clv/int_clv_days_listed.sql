-- The days on which customers' purchases are looked at: the as-of date, whose future nobody knows, and for each of var
-- clv_holdout_days a cut-off so many days before it, where enough purchases came before.
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
    where {{ dbt.datediff('started.started_on', 'days.measured_on', 'day') }} >= {{ number_var('clv_minimum_history_days') }}
)

select * from started_days
