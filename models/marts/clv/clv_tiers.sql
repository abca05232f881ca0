-- The tiers of every set, with what to do about the customers in them.
with counted as (
    select * from {{ ref('int_clv_tiers_counted') }}
),

strategies as (
    select
        assigned.segment_code,
        assigned.strategy_code,
        strategies.strategy_name
    from {{ ref('int_segment_strategies_assigned') }} as assigned
    inner join {{ ref('strategies') }} as strategies on assigned.strategy_code = strategies.strategy_code
    where assigned.segment_scheme = 'clv_tier' and assigned.strategy_rank = 1
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
