-- The months from the first observed day to the as-of date.
with observed as (
    select
        min(entered_on) as first_on,
        max(exited_on) as last_on
    from {{ ref('int_customers_observed') }}
),

numbers as (
    {{ dbt.generate_series(600) }}
),

months as (
    select
        cast({{ dbt.dateadd('month', 'generated_number - 1', month_start('first_on')) }} as date) as month_starts_on,
        cast({{ dbt.dateadd('month', 'generated_number', month_start('first_on')) }} as date) as next_month_starts_on,
        last_on
    from observed
    cross join numbers
    where generated_number <= {{ months_between('first_on', 'last_on') }} + 1
)

select
    month_starts_on,
    next_month_starts_on,
    last_on >= cast({{ dbt.dateadd('day', -1, 'next_month_starts_on') }} as date) as is_complete
from months
