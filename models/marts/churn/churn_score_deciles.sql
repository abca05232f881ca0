-- Whether customers with higher scores churn more, and as often as predicted; and how many customers are in each decile today.
with predicted as (
    select * from {{ ref('int_churn_probabilities_tested') }}
    where feature_set = {{ sql_literal(score_feature_set()) }}
),

scored as (
    select * from {{ ref('int_churn_scored') }}
),

days as (
    select * from {{ ref('int_churn_days') }}
    where is_rated or churn_basis = 'current'
),

-- on a snapshot the scores of all customers describe the day of the outcome, so there is one basis
united as (
    select
        days.churn_basis,
        predicted.churn_probability,
        predicted.is_churned
    from predicted
    cross join days
    where days.is_rated
    union all
    select
        churn_basis,
        churn_probability,
        cast(null as boolean) as is_churned
    from scored
    where churn_basis = 'current'
),

ranked as (
    select
        *,
        {{ churn_decile() }} as churn_decile
    from united
),

counted as (
    select
        churn_basis,
        churn_decile,
        count(*) as customers_count,
        {{ exact_average('churn_probability') }} as average_probability,
        count(is_churned) as observed_count,
        count(*) filter (where is_churned) as observed_churned_count
    from ranked
    group by churn_basis, churn_decile
),

final as (
    select
        counted.churn_basis,
        counted.churn_decile,
        counted.customers_count,
        counted.average_probability,
        case when counted.observed_count > 0 then counted.observed_churned_count end as churned_count,
        cast(counted.observed_churned_count as double) / nullif(counted.observed_count, 0) as churn_rate,
        {{ wilson_lower('counted.observed_churned_count', 'counted.observed_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('counted.observed_churned_count', 'counted.observed_count') }} as churn_rate_ci_upper,
        days.observed_on,
        days.window_days
    from counted
    inner join days on counted.churn_basis = days.churn_basis
)

select * from final
