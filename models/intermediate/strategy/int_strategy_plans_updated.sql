-- The plans with the save rates that campaigns leave of what was assumed, tested where a campaign of the strategy works; and what
-- follows from a plan: costs, and the share of the planning period that is left after the lead time.
with plans as (
    select * from {{ ref('strategy_plans') }}
),

updated as (
    select * from {{ ref('int_save_rates_updated') }}
),

working as (
    select distinct strategy_code
    from {{ ref('int_campaign_results_concluded') }}
    where is_evidence and verdict = 'works'
),

joined as (
    select
        plans.strategy_code,
        plans.setup_effort_days,
        plans.contact_effort_days,
        plans.lead_time_days,
        plans.capacity_count,
        plans.offer_cost_amount,
        plans.retained_take_up_rate,
        plans.balance_margin_rate,
        plans.prerequisite_kind,
        plans.prerequisite,
        plans.setup_effort_days * plans.effort_day_amount as setup_cost,
        plans.contact_effort_days * plans.effort_day_amount as contact_cost,
        greatest(
            0, 1.0 - cast(plans.lead_time_days as double) / nullif({{ number_var('planning_days') }}, 0)
        ) as active_share,
        coalesce(updated.posterior_least_save_rate, plans.pessimistic_save_rate) as pessimistic_save_rate,
        coalesce(updated.posterior_most_save_rate, plans.optimistic_save_rate) as optimistic_save_rate,
        case when working.strategy_code is not null then 'tested' else plans.evidence_level end as evidence_level
    from plans
    left join updated on plans.strategy_code = updated.strategy_code
    left join working on plans.strategy_code = working.strategy_code
)

select
    *,
    (pessimistic_save_rate + optimistic_save_rate) / 2 as expected_save_rate
from joined
