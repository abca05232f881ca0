-- The days of the history: the as-of date (month_number 0), and the ends of the months before it, back to the day from which
-- churn can be placed in time; none in an extract without dates. Var history_months says how many days there are at most.
{%- set numbers = range(number_var('history_months') | int) %}

with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

-- without a window, churn has no usable dates
dated as (
    select count(window_days) > 0 as is_dated from {{ ref('int_churn_days') }}
    where churn_basis = 'current'
),

recorded as (
    select * from {{ ref('int_closings_recorded') }}
),

numbers as (
    {%- for number in numbers %}
    select cast({{ number }} as bigint) as month_number
    {{ 'union all' if not loop.last }}
    {%- else %}
    select cast(null as bigint) as month_number
    where 1 = 0
    {%- endfor %}
),

listed as (
    select
        numbers.month_number,
        case
            when numbers.month_number = 0 then as_of.as_of_date
            else {{ date_shifted(
                date_shifted(month_start('as_of.as_of_date'), '1 - cast(numbers.month_number as int)', 'month'), -1, 'day'
            ) }}
        end as observed_on
    from numbers
    cross join as_of
),

days as (
    select listed.*
    from listed
    cross join dated
    left join recorded on true
    where
        listed.observed_on is not null
        and (listed.month_number = 0 or dated.is_dated and listed.observed_on >= recorded.recorded_after)
)

select * from days
