-- What a strategy may save in a segment and what it takes, over var planning_days. Current customers are expected to churn at
-- the rate that the segment's window implies; the strategy reaches as many as its capacity allows, once its lead time has
-- passed, and saves the share that the plan states as a range. Who may get the strategy need not churn like the others, where
-- int_strategy_economics_summed knows it.
with counted as (
    select
        segment_scheme,
        segment_code,
        customers_count,
        remaining_count,
        value_held_amount
    from {{ ref('int_segment_members_counted') }}
),

rates as (
    select * from {{ ref('int_segment_rates') }}
    -- where nothing is known of churn, nothing can be expected of a strategy
    where portfolio_rate is not null
),

strategies as (
    select * from {{ ref('int_segment_strategies_assigned') }}
    where not is_win_back
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

eligible as (
    select * from {{ ref('int_strategy_economics_summed') }}
),

planned as (
    select
        counted.*,
        rates.known_outcome_count as evidence_count,
        rates.churn_rate,
        rates.churn_rate_ci_lower,
        rates.churn_rate_ci_upper,
        rates.shrunk_churn_rate,
        rates.planning_churn_rate,
        rates.planning_churn_rate_ci_lower,
        rates.planning_churn_rate_ci_upper,
        rates.is_extrapolated,
        rates.population_stability_index,
        strategies.strategy_code,
        strategies.strategy_rank,
        plans.setup_effort_days,
        plans.contact_effort_days,
        plans.lead_time_days,
        plans.capacity_count,
        plans.prerequisite_kind,
        plans.prerequisite,
        plans.pessimistic_save_rate,
        plans.expected_save_rate,
        plans.optimistic_save_rate,
        plans.evidence_level,
        {{ reached_customers(eligible_customers('eligible', 'counted.remaining_count'), 'plans.capacity_count') }} as reached_count,
        eligible.reached_churned_customers as known_churned_customers,
        plans.active_share
    from counted
    inner join rates
        on counted.segment_scheme = rates.segment_scheme and counted.segment_code = rates.segment_code
    inner join strategies
        on counted.segment_scheme = strategies.segment_scheme and counted.segment_code = strategies.segment_code
    inner join plans on strategies.strategy_code = plans.strategy_code
    left join eligible
        on
            strategies.segment_scheme = eligible.segment_scheme
            and strategies.segment_code = eligible.segment_code
            and strategies.strategy_code = eligible.strategy_code
),

reached as (
    select
        *,
        coalesce(known_churned_customers, reached_count * planning_churn_rate) as reached_churned_customers
    from planned
),

estimated as (
    select
        *,
        setup_effort_days + contact_effort_days * reached_count as effort_days,
        remaining_count * planning_churn_rate as expected_churned_customers,
        -- those who churn before the strategy is active cannot be kept
        reached_churned_customers * active_share as savable_customers,
        reached_churned_customers * active_share * expected_save_rate as expected_kept_customers,
        cast(value_held_amount as double) / nullif(remaining_count, 0) as average_value_held_amount
    from reached
)

select * from estimated
