-- What is at stake if a strategy contacts the current customers of a segment who may get it, as far as its capacity reaches: what each
-- unit of the save rate keeps, and what is spent whatever is saved. As many churn as the segment's rate says; who they are the customers'
-- own scores say.
with memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis = 'current'
),

assigned as (
    select * from {{ ref('int_segment_strategies_assigned') }}
    where {{ scheme_position('segment_scheme') }} is not null
),

options as (
    select * from {{ ref('int_strategy_options_listed') }}
    where is_current
),

rates as (
    select * from {{ ref('int_segment_rates') }}
),

stakes as (
    select * from {{ ref('int_customers_at_stake') }}
),

scored as (
    select
        memberships.segment_scheme,
        memberships.segment_code,
        memberships.customer_id,
        stakes.churn_probability,
        rates.planning_churn_rate
    from memberships
    inner join stakes on memberships.customer_id = stakes.customer_id
    left join rates
        on memberships.segment_scheme = rates.segment_scheme and memberships.segment_code = rates.segment_code
    where
        exists (
            select 1 from assigned
            where assigned.segment_scheme = memberships.segment_scheme and assigned.segment_code = memberships.segment_code
        )
),

scored_means as (
    select
        segment_scheme,
        segment_code,
        {{ exact_average('churn_probability') }} as mean_probability
    from scored
    group by segment_scheme, segment_code
),

moved as (
    select
        scored.segment_scheme,
        scored.segment_code,
        scored.customer_id,
        scored.planning_churn_rate,
        {{ odds_multiplied(
            'scored.churn_probability', level_factor('scored_means.mean_probability', 'scored.planning_churn_rate')
        ) }} as churn_probability
    from scored
    inner join scored_means
        on scored.segment_scheme = scored_means.segment_scheme and scored.segment_code = scored_means.segment_code
),

moved_means as (
    select
        segment_scheme,
        segment_code,
        {{ exact_average('churn_probability') }} as mean_probability
    from moved
    group by segment_scheme, segment_code
),

-- who has no score is expected to churn like the segment
levelled as (
    select
        moved.segment_scheme,
        moved.segment_code,
        moved.customer_id,
        case
            when moved.planning_churn_rate is null then moved.churn_probability
            when moved.churn_probability is null then moved.planning_churn_rate
            else {{ to_mean('moved.churn_probability', 'moved_means.mean_probability', 'moved.planning_churn_rate') }}
        end as churn_probability
    from moved
    inner join moved_means
        on moved.segment_scheme = moved_means.segment_scheme and moved.segment_code = moved_means.segment_code
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

summed as (
    select
        levelled.segment_scheme,
        levelled.segment_code,
        options.strategy_code,
        count(*) as remaining_count,
        count(*) filter (where options.blocked_by_code is null) as eligible_count,
        {{ exact_sum('levelled.churn_probability') }} as expected_churned_customers,
        {{ exact_sum('case when options.blocked_by_code is null then levelled.churn_probability end') }} as eligible_churned_customers,
        {{ exact_sum('case when options.blocked_by_code is null then cast(options.value_amount as double) end') }} as total_value,
        {{ exact_sum(
            'case when options.blocked_by_code is null then levelled.churn_probability * cast(options.value_amount as double) end'
        ) }} as value_at_risk
    from levelled
    inner join assigned
        on levelled.segment_scheme = assigned.segment_scheme and levelled.segment_code = assigned.segment_code
    inner join options
        on levelled.customer_id = options.customer_id and assigned.strategy_code = options.strategy_code
    group by levelled.segment_scheme, levelled.segment_code, options.strategy_code
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
        eligible_churned_customers / nullif(eligible_count, 0) as churn_probability,
        case
            when eligible_count = 0 then 0.0
            else eligible_churned_customers * reached_count / eligible_count
        end as reached_churned_customers,
        -- of the eligible customers those whom the strategy reaches, for as long as it is active
        coalesce(cast(reached_count as double) / nullif(eligible_count, 0), 0) * active_share as active_reach
    from reached
),

taken as (
    select
        *,
        {{ retained_offers('active_reach', '(eligible_count - eligible_churned_customers)', 'retained_take_up_rate') }}
            as retained_offer_customers
    from offered
),

costed as (
    select
        *,
        reached_count * contact_cost + setup_cost + retained_offer_customers * offer_cost_amount as fixed_cost,
        {{ kept_value('active_reach', 'eligible_churned_customers', 'value_at_risk', 'offer_cost_amount') }} as kept_value
    from taken
)

select * from costed
