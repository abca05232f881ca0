-- Kaplan-Meier by year of joining, in months since joining, with delayed entry for those who joined before leavers were
-- recorded and censoring for those still here. Survival starts from 1 at the first month a cohort is observed. Interval:
-- Greenwood's variance on the log(-log) scale, so that it stays within 0 and 1.
{%- set z = number_var('confidence_z') %}

with observed as (
    select * from {{ ref('int_customers_observed') }}
),

lifetimes as (
    select
        cast(extract(year from joined_on) as bigint) as cohort_year,
        {{ months_between('joined_on', 'entered_on') }} as entry_month,
        {{ months_between('joined_on', 'exited_on') }} as exit_month,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from observed
    group by all
),

cohorts as (
    select
        cohort_year,
        cast(sum(customers_count) as bigint) as cohort_count
    from lifetimes
    group by cohort_year
),

event_months as (
    select distinct
        cohort_year,
        exit_month
    from lifetimes
),

counted as (
    select
        event_months.cohort_year,
        event_months.exit_month as months_since_joining,
        cast(sum(lifetimes.customers_count) as bigint) as at_risk_count,
        cast(coalesce(sum(lifetimes.churned_count) filter (
            where lifetimes.exit_month = event_months.exit_month
        ), 0) as bigint) as churned_count
    from event_months
    inner join lifetimes
        on
            event_months.cohort_year = lifetimes.cohort_year
            and event_months.exit_month between lifetimes.entry_month and lifetimes.exit_month
    group by event_months.cohort_year, event_months.exit_month
),

accumulated as (
    select
        *,
        -- a product as a sum of logarithms; a month that nobody survives has no logarithm and ends the curve at 0
        sum(ln(nullif(1.0 - cast(churned_count as double) / at_risk_count, 0.0))) over cohort_so_far as log_survival,
        max(case when churned_count = at_risk_count then 1 else 0 end) over cohort_so_far as is_ended,
        sum(
            cast(churned_count as double) / (cast(at_risk_count as double) * nullif(at_risk_count - churned_count, 0))
        ) over cohort_so_far as greenwood_sum
    from counted
    window cohort_so_far as (
        partition by cohort_year order by months_since_joining rows between unbounded preceding and current row
    )
),

estimated as (
    select
        accumulated.cohort_year,
        accumulated.months_since_joining,
        cohorts.cohort_count,
        accumulated.at_risk_count,
        accumulated.churned_count,
        case when accumulated.is_ended = 1 then 0.0 else exp(accumulated.log_survival) end as retention_rate,
        case
            when accumulated.is_ended = 0 and accumulated.log_survival < 0
                then {{ z }} * sqrt(accumulated.greenwood_sum) / abs(accumulated.log_survival)
        end as log_log_margin,
        accumulated.log_survival
    from accumulated
    inner join cohorts on accumulated.cohort_year = cohorts.cohort_year
),

bounded as (
    select
        cohort_year,
        months_since_joining,
        cohort_count,
        at_risk_count,
        churned_count,
        retention_rate,
        exp(log_survival * exp(log_log_margin)) as retention_rate_ci_lower,
        exp(log_survival * exp(-log_log_margin)) as retention_rate_ci_upper
    from estimated
)

select * from bounded
