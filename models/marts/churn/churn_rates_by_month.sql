-- Start set, lost set: of those who were customers when the month began, how many left in its course. Who joined within
-- the month is counted from the next one on.
with observed as (
    select * from {{ ref('int_customers_observed') }}
),

months as (
    select * from {{ ref('int_months_listed') }}
),

spans as (
    select
        entered_on,
        exited_on,
        is_churned,
        count(*) as customers_count
    from observed
    group by entered_on, exited_on, is_churned
),

counted as (
    select
        months.month_starts_on,
        months.is_complete,
        coalesce(cast(sum(spans.customers_count) as bigint), 0) as start_count,
        coalesce(cast(sum(spans.customers_count) filter (
            where spans.is_churned and spans.exited_on < months.next_month_starts_on
        ) as bigint), 0) as churned_count
    from months
    left join spans
        on
            months.month_starts_on > spans.entered_on
            and months.month_starts_on <= spans.exited_on
    group by months.month_starts_on, months.is_complete
),

rated as (
    select
        month_starts_on,
        start_count,
        churned_count,
        cast(churned_count as double) / start_count as churn_rate,
        {{ wilson_lower('churned_count', 'start_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'start_count') }} as churn_rate_ci_upper,
        is_complete
    from counted
    where start_count > 0
)

select * from rated
