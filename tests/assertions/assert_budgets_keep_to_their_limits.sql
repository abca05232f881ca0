-- No scenario spends more than it has, contacts a customer twice or a strategy beyond its capacity; floors are part of the
-- plan; and a range holds what is expected.
with budgets as (
    select * from {{ ref('budget_allocation') }}
),

priced as (
    select * from {{ ref('int_budget_options_listed') }}
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
        floor_contact_count > planned_contact_count
        or least_net_amount > expected_net_amount
        or expected_net_amount > most_net_amount
),

-- no tier goes without a contact whose floor pays for one
neglected as (
    select budgets.scenario_code
    from budgets
    inner join priced
        on
            budgets.scenario_code = priced.scenario_code
            and budgets.clv_tier = priced.clv_tier
            and budgets.strategy_code = priced.strategy_code
    group by budgets.scenario_code, budgets.clv_tier
    having
        bool_or(priced.setup_cost + priced.contact_cost <= budgets.floor_amount and priced.remaining_count > 0)
        and sum(budgets.planned_contact_count) = 0
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
        'has a floor or a range that contradicts the plan' as fault
    from options
    union all
    select
        scenario_code,
        'neglects a tier' as fault
    from neglected
)

select * from faults
