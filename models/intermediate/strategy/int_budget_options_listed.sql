-- What each scenario can buy: per tier and strategy, what a contact costs, what it may keep, and how many can be made: to
-- current customers of the tier who may get the strategy. A contact keeps a customer who would have churned, at the rate per
-- planning period that the tier's outcome window implies, with the save rate that the plan states as a range; its offer is
-- taken by those it keeps and by some who would have stayed. Where churn is not known, the scenario's assumed rate is used.
-- Churned customers are not contacted.
with tiers as (
    select * from {{ ref('int_clv_tiers_counted') }}
    where is_active
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

rates as (
    select * from {{ ref('int_segment_rates') }}
    where segment_scheme = 'clv_tier' and known_outcome_count > 0
),

scenarios as (
    select * from {{ ref('budget_scenarios') }}
),

strategies as (
    select * from {{ ref('int_segment_strategies_assigned') }}
    where not is_win_back and segment_scheme = 'clv_tier'
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

eligible as (
    select * from {{ ref('int_strategy_economics_summed') }}
    where segment_scheme = 'clv_tier'
),

remaining as (
    select
        valued.clv_tier,
        count(*) as remaining_count,
        {{ exact_average('valued.net_clv_amount') }} as average_clv_amount
    from valued
    inner join churned on valued.customer_id = churned.customer_id
    where churned.is_current
    group by valued.clv_tier
),

options as (
    select
        scenarios.scenario_code,
        scenarios.budget_amount,
        tiers.clv_tier,
        strategies.strategy_code,
        strategies.strategy_rank,
        case tiers.clv_tier
            when 'low' then scenarios.low_floor_share
            when 'medium' then scenarios.medium_floor_share
            else scenarios.high_floor_share
        end as floor_share,
        remaining.remaining_count,
        {{ eligible_customers('eligible', 'remaining.remaining_count') }} as eligible_count,
        plans.capacity_count,
        plans.setup_cost,
        plans.contact_cost,
        rates.planning_churn_rate is null as is_churn_assumed,
        plans.pessimistic_save_rate,
        plans.expected_save_rate,
        plans.optimistic_save_rate,
        plans.offer_cost_amount,
        plans.retained_take_up_rate,
        plans.active_share,
        remaining.average_clv_amount,
        coalesce(rates.planning_churn_rate, scenarios.assumed_churn_rate) as churn_rate,
        {{ planning_churn_error('rates') }} as churn_error
    from tiers
    cross join scenarios
    inner join remaining on tiers.clv_tier = remaining.clv_tier
    inner join strategies on tiers.clv_tier = strategies.segment_code
    left join rates on tiers.clv_tier = rates.segment_code
    inner join plans on strategies.strategy_code = plans.strategy_code
    left join eligible
        on tiers.clv_tier = eligible.segment_code and strategies.strategy_code = eligible.strategy_code
),

valued_contacts as (
    select
        *,
        {{ kept_value('active_share', 'churn_rate', 'churn_rate * average_clv_amount', 'offer_cost_amount') }} as kept_value,
        {{ retained_offers('active_share', '(1 - churn_rate)', 'retained_take_up_rate') }} * offer_cost_amount as fixed_cost
    from options
),

estimated as (
    select
        *,
        kept_value * expected_save_rate - fixed_cost as expected_contact_value
    from valued_contacts
)

select * from estimated
