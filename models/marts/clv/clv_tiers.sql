-- The tiers of every set, with what to do about the customers in them.
with counted as (
    select * from {{ ref('int_clv_tiers_counted') }}
),

strategies as (
    select * from {{ ref('int_segment_strategies_listed') }}
    where segment_scheme = 'clv_tier'
),

described as (
    select
        counted.tier_set,
        counted.clv_tier,
        counted.tier_number,
        counted.clv_family,
        counted.lower_bound_amount,
        counted.upper_bound_amount,
        counted.customers_count,
        counted.total_clv_amount,
        counted.average_clv_amount,
        counted.value_share,
        counted.value_share_ci_lower,
        counted.value_share_ci_upper,
        counted.known_outcome_count,
        counted.churned_count,
        counted.churn_rate,
        counted.churn_rate_ci_lower,
        counted.churn_rate_ci_upper,
        strategies.strategy_code,
        strategies.strategy_name,
        counted.is_active
    from counted
    left join strategies on counted.clv_tier = strategies.segment_code
)

select * from described
