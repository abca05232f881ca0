-- What is at stake if a strategy contacts the current customers of a segment who may get it, as far as its capacity reaches: what each
-- unit of the save rate keeps, and what is spent whatever is saved.
with memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis = 'current'
),

assigned as (
    select * from {{ ref('int_segment_strategies_assigned') }}
),

options as (
    select * from {{ ref('int_strategy_options_listed') }}
    where is_current
),

rates as (
    select * from {{ ref('int_segment_rates') }}
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

summed as (
    select
        memberships.segment_scheme,
        memberships.segment_code,
        options.strategy_code,
        count(*) as remaining_count,
        count(*) filter (where options.blocked_by_code is null) as eligible_count,
        {{ exact_sum('case when options.blocked_by_code is null then options.churn_probability end') }} as expected_churned_customers,
        {{ exact_sum('case when options.blocked_by_code is null then cast(options.value_amount as double) end') }} as total_value,
        {{ exact_sum(
            'case when options.blocked_by_code is null then options.churn_probability * cast(options.value_amount as double) end'
        ) }} as value_at_risk
    from memberships
    inner join assigned
        on memberships.segment_scheme = assigned.segment_scheme and memberships.segment_code = assigned.segment_code
    inner join options
        on memberships.customer_id = options.customer_id and assigned.strategy_code = options.strategy_code
    group by memberships.segment_scheme, memberships.segment_code, options.strategy_code
),

reached as (
    select
        summed.*,
        plans.capacity_count,
        {{ reached_customers('summed.eligible_count', 'plans.capacity_count') }} as reached_count,
        plans.offer_cost_amount,
        plans.retained_take_up_rate,
        plans.contact_cost,
        plans.setup_cost,
        plans.active_share,
        plans.pessimistic_save_rate,
        plans.optimistic_save_rate,
        plans.evidence_level,
        {{ planning_churn_error('rates') }} as churn_error
    from summed
    inner join plans on summed.strategy_code = plans.strategy_code
    left join rates on summed.segment_scheme = rates.segment_scheme and summed.segment_code = rates.segment_code
),

offered as (
    select
        *,
        expected_churned_customers / nullif(eligible_count, 0) as churn_probability,
        -- of the eligible customers those whom the strategy reaches, for as long as it is active
        coalesce(cast(reached_count as double) / nullif(eligible_count, 0), 0) * active_share as active_reach
    from reached
),

taken as (
    select
        *,
        {{ retained_offers('active_reach', '(eligible_count - expected_churned_customers)', 'retained_take_up_rate') }}
            as retained_offer_customers
    from offered
),

costed as (
    select
        *,
        reached_count * contact_cost + setup_cost + retained_offer_customers * offer_cost_amount as fixed_cost,
        {{ kept_value('active_reach', 'expected_churned_customers', 'value_at_risk', 'offer_cost_amount') }} as kept_value
    from taken
)

select * from costed
