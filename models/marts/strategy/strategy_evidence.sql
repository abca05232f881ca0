-- What is known of each strategy's save rate: what the plan assumes, what its campaigns have shown, and both together, which plans,
-- economics and budgets use.
with plans as (
    select * from {{ ref('strategy_plans') }}
),

updated as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

posteriors as (
    select * from {{ ref('int_save_rates_updated') }}
),

strategies as (
    select * from {{ layout_rows('strategies') }}
),

campaigns as (
    select
        strategy_code,
        count(*) as campaign_count,
        cast(sum(treated_known_count) as bigint) as treated_known_count,
        cast(sum(treated_kept_count) as bigint) as treated_kept_count,
        cast(sum(holdout_known_count) as bigint) as holdout_known_count,
        cast(sum(holdout_kept_count) as bigint) as holdout_kept_count,
        min(least(
            {%- for arm in ['treated', 'holdout'] %}
            case when {{ arm }}_kept_count > 0 then {{ arm }}_kept_count else {{ arm }}_known_count end,
            case
                when {{ arm }}_kept_count < {{ arm }}_known_count then {{ arm }}_known_count - {{ arm }}_kept_count
                else {{ arm }}_known_count
            end{{ ',' if not loop.last }}
            {%- endfor %}
        )) as fewest_outcome_count
    from {{ ref('int_campaign_results_concluded') }}
    where is_evidence
    group by strategy_code
)

select
    plans.strategy_code,
    strategies.strategy_name,
    plans.pessimistic_save_rate,
    plans.optimistic_save_rate,
    coalesce(campaigns.campaign_count, 0) as campaign_count,
    coalesce(campaigns.treated_known_count + campaigns.holdout_known_count, 0) as customers_count,
    campaigns.treated_known_count,
    campaigns.treated_kept_count,
    campaigns.holdout_known_count,
    campaigns.holdout_kept_count,
    cast(campaigns.fewest_outcome_count as bigint) as fewest_outcome_count,
    posteriors.posterior_least_save_rate,
    posteriors.posterior_save_rate,
    posteriors.posterior_most_save_rate,
    updated.evidence_level
from plans
inner join updated on plans.strategy_code = updated.strategy_code
inner join strategies on plans.strategy_code = strategies.strategy_code
left join campaigns on plans.strategy_code = campaigns.strategy_code
left join posteriors on plans.strategy_code = posteriors.strategy_code
