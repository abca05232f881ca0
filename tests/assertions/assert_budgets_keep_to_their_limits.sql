-- No scenario spends more than it has, contacts a customer twice, one who may not get the strategy, or a strategy beyond its
-- capacity; every tier has its minimum or a stated shortfall; and a range holds what is expected.
with budgets as (
    select * from {{ ref('budget_allocation') }}
),

scenarios as (
    select scenario_code
    from budgets
    group by scenario_code, budget_amount
    having sum(spend_amount) > budget_amount + 0.1 or sum(even_spend_amount) > budget_amount + 0.1
),

tiers as (
    select scenario_code
    from budgets
    group by scenario_code, clv_tier, remaining_count
    having sum(planned_contact_count) > remaining_count or sum(even_contact_count) > remaining_count
),

strategies as (
    select scenario_code
    from budgets
    group by scenario_code, strategy_code, capacity_count
    having sum(planned_contact_count) > capacity_count or sum(even_contact_count) > capacity_count
),

options as (
    select scenario_code
    from budgets
    where
        planned_contact_count > eligible_count
        or even_contact_count > eligible_count
        or eligible_count > remaining_count
        or least_net_amount > expected_net_amount
        or expected_net_amount > most_net_amount
),

-- each tier has what it is due, but for the shortfall that is stated
neglected as (
    select scenario_code
    from budgets
    group by scenario_code, clv_tier, floor_amount, floor_shortfall_amount
    having sum(spend_amount) < floor_amount - floor_shortfall_amount - 0.1
),

faults as (
    select
        scenario_code,
        'spends more than the budget' as fault
    from scenarios
    union all
    select
        scenario_code,
        'contacts more customers than the tier has' as fault
    from tiers
    union all
    select
        scenario_code,
        'asks more of a strategy than it can' as fault
    from strategies
    union all
    select
        scenario_code,
        'contacts more than may be, or has a range that contradicts the plan' as fault
    from options
    union all
    select
        scenario_code,
        'neglects a tier' as fault
    from neglected
)

select * from faults
