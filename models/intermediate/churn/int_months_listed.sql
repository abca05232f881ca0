-- The months from the first observed day to the as-of date.
with observed as (
    select
        min(entered_on) as first_on,
        max(exited_on) as last_on
    from {{ ref('int_churn_spells_observed') }}
),

numbers as (
    {{ dbt.generate_series(600) }}
),

months as (
    select
        {{ date_shifted(month_start('first_on'), 'generated_number - 1', 'month') }} as month_starts_on,
        {{ date_shifted(month_start('first_on'), 'generated_number', 'month') }} as next_month_starts_on,
        last_on
    from observed
    cross join numbers
    where generated_number <= {{ months_between('first_on', 'last_on') }} + 1
)

select
    month_starts_on,
    next_month_starts_on,
    last_on >= {{ date_shifted('next_month_starts_on', -1, 'day') }} as is_complete
from months
