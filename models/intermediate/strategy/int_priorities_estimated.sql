-- What a strategy may keep in a segment and what it takes, over var planning_days. Those still here are expected to leave
-- at the segment's rate, shrunk to the portfolio's by var churn_rate_prior_count customers; the strategy reaches as many
-- as its capacity allows, once its lead time has passed, and saves the share that the plan states as a range.
with segmented as (
    select * from {{ ref('int_customers_segmented') }}
),

customers as (
    select * from {{ ref('int_customers_described') }}
),

churn_segments as (
    select * from {{ ref('int_churn_segments_ranked') }}
),

strategies as (
    select * from {{ ref('int_segment_strategies_assigned') }}
),

plans as (
    select * from {{ ref('strategy_plans') }}
),

portfolio as (
    select cast(count(*) filter (where is_churned) as double) / nullif(count(is_churned), 0) as portfolio_rate
    from customers
),

counted as (
    select
        segmented.segment_scheme,
        segmented.segment_code,
        count(*) as customers_count,
        count(*) filter (where not coalesce(customers.is_churned, false)) as remaining_count,
        count(customers.is_churned) as known_outcome_count,
        count(*) filter (where customers.is_churned) as churned_count,
        cast(
            sum(customers.balance) filter (where not coalesce(customers.is_churned, false)) as decimal(18, 2)
        ) as value_held_amount
    from segmented
    inner join customers on segmented.customer_id = customers.customer_id
    group by segmented.segment_scheme, segmented.segment_code
),

-- a segment that was found by its rate is judged by the half that took no part in finding it
evidenced as (
    select
        counted.*,
        coalesce(churn_segments.confirmation_count, counted.known_outcome_count) as evidence_count,
        coalesce(churn_segments.confirmation_churned_count, counted.churned_count) as evidence_churned_count,
        portfolio.portfolio_rate
    from counted
    cross join portfolio
    left join churn_segments
        on counted.segment_scheme = 'churn' and counted.segment_code = churn_segments.segment_code
    -- where nothing is known of churn, nothing can be expected of a strategy
    where portfolio.portfolio_rate is not null
),

rated as (
    select
        *,
        cast(evidence_churned_count as double) / nullif(evidence_count, 0) as churn_rate,
        {{ wilson_lower('evidence_churned_count', 'evidence_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('evidence_churned_count', 'evidence_count') }} as churn_rate_ci_upper,
        (evidence_churned_count + {{ number_var('churn_rate_prior_count') }} * portfolio_rate)
        / nullif(evidence_count + {{ number_var('churn_rate_prior_count') }}, 0) as shrunk_churn_rate
    from evidenced
),

planned as (
    select
        rated.*,
        strategies.strategy_code,
        strategies.strategy_rank,
        plans.setup_effort_days,
        plans.contact_effort_days,
        plans.lead_time_days,
        plans.capacity_count,
        plans.prerequisite_kind,
        plans.prerequisite,
        plans.pessimistic_save_rate,
        plans.optimistic_save_rate,
        plans.evidence_level,
        least(rated.remaining_count, coalesce(plans.capacity_count, rated.remaining_count)) as reached_count,
        greatest(
            0, 1.0 - cast(plans.lead_time_days as double) / nullif({{ number_var('planning_days') }}, 0)
        ) as active_share
    from rated
    inner join strategies
        on rated.segment_scheme = strategies.segment_scheme and rated.segment_code = strategies.segment_code
    inner join plans on strategies.strategy_code = plans.strategy_code
),

estimated as (
    select
        *,
        setup_effort_days + contact_effort_days * reached_count as effort_days,
        -- the range holds the expectation, also where few customers leave the shrunk rate outside their interval
        reached_count * active_share * least(churn_rate_ci_lower, shrunk_churn_rate) * pessimistic_save_rate
            as least_kept_customers,
        reached_count * active_share * shrunk_churn_rate * (pessimistic_save_rate + optimistic_save_rate) / 2
            as expected_kept_customers,
        reached_count * active_share * greatest(churn_rate_ci_upper, shrunk_churn_rate) * optimistic_save_rate
            as most_kept_customers,
        cast(value_held_amount as double) / nullif(remaining_count, 0) as average_value_held_amount
    from planned
)

select * from estimated
