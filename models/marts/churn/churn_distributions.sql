-- How churned and retained customers are distributed over age, balance and salary: what a histogram draws.
with counted as (
    select
        *,
        zero_name is not null as has_zero
    from {{ ref('int_churn_distributions_counted') }}
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

final as (
    select
        counted.feature_name,
        features.feature_label,
        counted.interval_number,
        features.feature_label || ' ' || {{ interval_label('features.is_whole_number', 'has_zero') | indent(8) }} as interval_label,
        counted.interval_kind,
        counted.lower_bound,
        counted.upper_bound,
        counted.customers_count,
        counted.churned_count,
        cast(counted.churned_count as double) / counted.customers_count as churn_rate,
        {{ wilson_lower('counted.churned_count', 'counted.customers_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('counted.churned_count', 'counted.customers_count') }} as churn_rate_ci_upper,
        cast(counted.churned_count as double)
        / nullif(sum(counted.churned_count) over (partition by counted.feature_name), 0) as churned_share,
        cast(counted.customers_count - counted.churned_count as double)
        / nullif(sum(counted.customers_count - counted.churned_count) over (partition by counted.feature_name), 0) as retained_share,
        counted.customers_count < {{ number_var('small_cell_size') }} as is_small_cell,
        {{ churn_period_columns('rated_day') | indent(8) }}
    from counted
    cross join rated_day
    inner join features on counted.feature_name = features.feature_name
)

select * from final
