-- The tiers of every set: current customers, their value and how much of it is at risk, what followed for those who were in the
-- tier when the outcome window opened, and what to do about them.
with counted as (
    select * from {{ ref('int_clv_tiers_counted') }}
),

observed as (
    select
        tiers.tier_set,
        tiers.clv_tier,
        count(observed.is_churned) as known_outcome_count,
        count(*) filter (where observed.is_churned) as churned_count
    from {{ ref('int_clv_values_observed') }} as observed
    inner join counted as tiers
        on
            tiers.tier_number > 0
            and {{ is_within('observed.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
    group by tiers.tier_set, tiers.clv_tier
),

-- what the current customers of a tier are expected to take with them, each customer once in a set
at_stake as (
    select
        tiers.tier_set,
        tiers.clv_tier,
        {{ exact_sum('stakes.churn_probability * cast(stakes.clv_amount as double)') }} as value_at_risk
    from {{ ref('int_customers_at_stake') }} as stakes
    inner join {{ ref('int_clv_customers_valued') }} as valued on stakes.customer_id = valued.customer_id
    inner join counted as tiers
        on
            tiers.tier_number > 0
            and {{ is_within('valued.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
    where stakes.is_current
    group by tiers.tier_set, tiers.clv_tier
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
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
        cast(at_stake.value_at_risk as decimal(18, 2)) as total_value_at_risk_amount,
        counted.value_share,
        counted.value_share_ci_lower,
        counted.value_share_ci_upper,
        counted.is_heavy_tailed,
        coalesce(observed.known_outcome_count, 0) as known_outcome_count,
        coalesce(observed.churned_count, 0) as churned_count,
        cast(observed.churned_count as double) / nullif(observed.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_upper,
        {{ churn_period_columns('rated_day') | indent(4) }},
        strategies.strategy_code,
        strategies.strategy_name,
        counted.is_active
    from counted
    cross join rated_day
    left join observed on counted.tier_set = observed.tier_set and counted.clv_tier = observed.clv_tier
    left join at_stake on counted.tier_set = at_stake.tier_set and counted.clv_tier = at_stake.clv_tier
    left join strategies on counted.clv_tier = strategies.segment_code
)

select * from described
