-- How each scenario's budget is spent over tiers and strategies, what it may bring, and what an even spread would.
with options as (
    select * from {{ ref('int_budget_options_listed') }}
),

allocated as (
    select * from {{ ref('int_budgets_allocated') }}
),

scenarios as (
    select * from {{ ref('budget_scenarios') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

described as (
    select
        options.scenario_code,
        scenarios.scenario_name,
        options.clv_tier,
        options.strategy_code,
        strategies.strategy_name,
        cast(options.budget_amount as decimal(18, 2)) as budget_amount,
        cast(options.budget_amount * options.floor_share as decimal(18, 2)) as floor_amount,
        options.remaining_count,
        options.eligible_count,
        options.capacity_count,
        cast(allocated.floor_shortfall as decimal(18, 2)) as floor_shortfall_amount,
        allocated.planned_contact_count,
        cast(allocated.planned_spend as decimal(18, 2)) as spend_amount,
        cast(allocated.planned_contact_count * allocated.least_contact_value - allocated.planned_spend as decimal(18, 2)) as least_net_amount,
        cast(allocated.planned_contact_count * options.expected_contact_value - allocated.planned_spend as decimal(18, 2)) as expected_net_amount,
        cast(allocated.planned_contact_count * allocated.most_contact_value - allocated.planned_spend as decimal(18, 2)) as most_net_amount,
        allocated.even_contact_count,
        cast(allocated.even_spend as decimal(18, 2)) as even_spend_amount,
        cast(allocated.even_contact_count * options.expected_contact_value - allocated.even_spend as decimal(18, 2))
            as even_expected_net_amount,
        options.is_churn_assumed,
        case
            when allocated.floor_shortfall > 0
                then 'The ' || options.clv_tier || ' tier misses ' || {{ grouped_text('allocated.floor_shortfall') }}
                    || ' of its minimum of ' || {{ grouped_text('options.budget_amount * options.floor_share') }}
                    || ' for contacts: its strategies have neither customers nor capacity for more, or a contact costs more than is left.'
        end as floor_note
    from options
    inner join allocated
        on
            options.scenario_code = allocated.scenario_code
            and options.clv_tier = allocated.clv_tier
            and options.strategy_code = allocated.strategy_code
    inner join scenarios on options.scenario_code = scenarios.scenario_code
    inner join strategies on options.strategy_code = strategies.strategy_code
)

select * from described
