-- Kaplan-Meier by year of joining, over the days since joining, shown by month: delayed entry for customers who joined
-- before closings were recorded, censoring for current customers. A curve starts with the first month at whose beginning
-- small_cell_size customers are at risk, and its rate is the share of these that is retained. Interval: Greenwood's
-- variance on the log(-log) scale, so that it stays within 0 and 1.
{%- set z = confidence_z() %}
{%- set month_days = 'cast(30.4375 as double)' %}
{#- More months than lie between two dates of any extract. #}
{%- set maximum_months = 2400 %}
with observed as (
    select * from {{ ref('int_churn_spells_observed') }}
),

lifetimes as (
    select
        cast(extract(year from joined_on) as bigint) as cohort_year,
        {{ dbt.datediff('joined_on', 'entered_on', 'day') }} as entry_day,
        {{ dbt.datediff('joined_on', 'exited_on', 'day') }} as exit_day,
        is_churned
    from observed
),

-- at risk on the days after the entry, up to the exit; a closing on the day of joining counts on the day after
spans as (
    select
        cohort_year,
        entry_day + 1 as first_day,
        case when is_churned then greatest(exit_day, entry_day + 1) else exit_day end as last_day,
        is_churned
    from lifetimes
),

cohorts as (
    select
        cohort_year,
        count(*) as cohort_count,
        max(last_day) as last_day
    from spans
    group by cohort_year
),

numbers as (
    {{ dbt.generate_series(maximum_months) }}
),

month_starts as (
    select
        cohorts.cohort_year,
        cast(floor((numbers.generated_number - 1) * {{ month_days }}) as bigint) + 1 as day_number
    from cohorts
    inner join numbers on (numbers.generated_number - 1) * {{ month_days }} < cohorts.last_day
),

changes as (
    select
        cohort_year,
        first_day as day_number,
        count(*) as entered_count,
        0 as exited_count,
        0 as churned_count,
        false as is_month_start
    from spans
    group by cohort_year, first_day
    union all
    select
        cohort_year,
        last_day + 1 as day_number,
        0 as entered_count,
        count(*) as exited_count,
        0 as churned_count,
        false as is_month_start
    from spans
    group by cohort_year, last_day
    union all
    select
        cohort_year,
        last_day as day_number,
        0 as entered_count,
        0 as exited_count,
        count(*) as churned_count,
        false as is_month_start
    from spans
    where is_churned
    group by cohort_year, last_day
    union all
    select
        cohort_year,
        day_number,
        0 as entered_count,
        0 as exited_count,
        0 as churned_count,
        true as is_month_start
    from month_starts
),

days as (
    select
        cohort_year,
        day_number,
        cast(ceil(day_number / {{ month_days }}) as bigint) - 1 as months_since_joining,
        cast(sum(entered_count) as bigint) as entered_count,
        cast(sum(exited_count) as bigint) as exited_count,
        cast(sum(churned_count) as bigint) as churned_count,
        max(case when is_month_start then 1 else 0 end) as is_month_start
    from changes
    group by cohort_year, day_number
),

counted as (
    select
        *,
        cast(sum(entered_count - exited_count) over (
            partition by cohort_year order by day_number
        ) as bigint) as at_risk_count
    from days
),

starts as (
    select
        cohort_year,
        min(day_number) as start_day
    from counted
    where is_month_start = 1 and at_risk_count > 0 and at_risk_count >= {{ number_var('small_cell_size') }}
    group by cohort_year
),

accumulated as (
    select
        counted.*,
        starts.start_day,
        -- a product as a sum of logarithms; a day that nobody survives has no logarithm and ends the curve at 0
        sum(ln(nullif(
            1.0 - cast(counted.churned_count as double) / nullif(counted.at_risk_count, 0), 0.0
        ))) over cohort_so_far as log_survival,
        max(case
            when counted.churned_count > 0 and counted.churned_count = counted.at_risk_count then 1 else 0
        end) over cohort_so_far as is_ended,
        sum(
            cast(counted.churned_count as double) / nullif(
                cast(counted.at_risk_count as double) * (counted.at_risk_count - counted.churned_count), 0
            )
        ) over cohort_so_far as greenwood_sum
    from counted
    inner join starts on counted.cohort_year = starts.cohort_year and counted.day_number >= starts.start_day
    window cohort_so_far as (
        partition by counted.cohort_year
        order by counted.day_number
        rows between unbounded preceding and current row
    )
),

-- the running sums of the month's last day are the lowest and the highest of the month
months as (
    select
        cohort_year,
        months_since_joining,
        sum(case when is_month_start = 1 then at_risk_count else entered_count end) as at_risk_count,
        sum(churned_count) as churned_count,
        max(case when day_number = start_day then months_since_joining end) as start_month,
        max(case when day_number = start_day then at_risk_count end) as start_count,
        min(log_survival) as log_survival,
        max(is_ended) as is_ended,
        max(greenwood_sum) as greenwood_sum
    from accumulated
    group by cohort_year, months_since_joining
),

estimated as (
    select
        months.cohort_year,
        months.months_since_joining,
        cohorts.cohort_count,
        max(months.start_month) over (partition by months.cohort_year) as observed_from_month,
        max(months.start_count) over (partition by months.cohort_year) as at_risk_at_start_count,
        cast(months.at_risk_count as bigint) as at_risk_count,
        cast(months.churned_count as bigint) as churned_count,
        case when months.is_ended = 1 then 0.0 else exp(months.log_survival) end as retention_rate,
        case
            when months.is_ended = 0 and months.log_survival < 0
                then {{ z }} * sqrt(months.greenwood_sum) / abs(months.log_survival)
        end as log_log_margin,
        months.log_survival
    from months
    inner join cohorts on months.cohort_year = cohorts.cohort_year
),

bounded as (
    select
        cohort_year,
        months_since_joining,
        cohort_count,
        observed_from_month,
        at_risk_at_start_count,
        at_risk_count,
        churned_count,
        retention_rate,
        exp(log_survival * exp(log_log_margin)) as retention_rate_ci_lower,
        exp(log_survival * exp(-log_log_margin)) as retention_rate_ci_upper
    from estimated
    where at_risk_count > 0
)

select * from bounded
