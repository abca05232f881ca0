-- Of the customers at risk when the month began, how many churned before it ended. Customers who joined within the month
-- are at risk for a part of it: they are counted beside, and at_risk_days has the days of all.
with observed as (
    select * from {{ ref('int_churn_spells_observed') }}
),

bounds as (
    select
        min(entered_on) as first_on,
        max(exited_on) as last_on
    from observed
),

numbers as (
    {{ dbt.generate_series(600) }}
),

months_listed as (
    select
        {{ date_shifted(month_start('first_on'), 'generated_number - 1', 'month') }} as month_starts_on,
        {{ date_shifted(month_start('first_on'), 'generated_number', 'month') }} as next_month_starts_on,
        last_on
    from bounds
    cross join numbers
    where
        generated_number <= 12 * (extract(year from last_on) - extract(year from first_on))
        + extract(month from last_on) - extract(month from first_on) + 1
),

-- from that of the first observed day to that of the as-of date
months as (
    select
        month_starts_on,
        next_month_starts_on,
        last_on >= {{ date_shifted('next_month_starts_on', -1, 'day') }} as is_complete
    from months_listed
),

entered as (
    select
        {{ month_start('entered_on') }} as month_starts_on,
        count(*) as entered_count,
        sum(extract(day from entered_on)) as entry_days
    from observed
    group by {{ month_start('entered_on') }}
),

exited as (
    select
        {{ month_start('exited_on') }} as month_starts_on,
        count(*) as exited_count,
        sum(extract(day from exited_on)) as exit_days,
        count(*) filter (where is_churned and entered_on < {{ month_start('exited_on') }}) as churned_count,
        count(*) filter (where is_churned and entered_on >= {{ month_start('exited_on') }}) as new_churned_count
    from observed
    group by {{ month_start('exited_on') }}
),

joined as (
    select
        months.month_starts_on,
        months.is_complete,
        {{ dbt.datediff('months.month_starts_on', 'months.next_month_starts_on', 'day') }} as month_days,
        coalesce(entered.entered_count, 0) as entered_count,
        coalesce(entered.entry_days, 0) as entry_days,
        coalesce(exited.exited_count, 0) as exited_count,
        coalesce(exited.exit_days, 0) as exit_days,
        coalesce(exited.churned_count, 0) as churned_count,
        coalesce(exited.new_churned_count, 0) as new_churned_count
    from months
    left join entered on months.month_starts_on = entered.month_starts_on
    left join exited on months.month_starts_on = exited.month_starts_on
),

counted as (
    select
        *,
        cast(sum(entered_count - exited_count) over (order by month_starts_on) - entered_count + exited_count as bigint)
            as start_count
    from joined
),

rated as (
    select
        month_starts_on,
        start_count,
        cast(entered_count as bigint) as new_customers_count,
        cast(churned_count as bigint) as churned_count,
        cast(new_churned_count as bigint) as new_churned_count,
        -- all days of the month for everybody, less those up to the entry and those after the exit
        cast((start_count + entered_count - exited_count) * month_days - entry_days + exit_days as bigint)
            as at_risk_days,
        cast(churned_count as double) / start_count as churn_rate,
        {{ wilson_lower('churned_count', 'start_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'start_count') }} as churn_rate_ci_upper,
        is_complete
    from counted
    -- observation may start within a month, in which nobody was at risk when it began
    where start_count > 0
)

select * from rated
