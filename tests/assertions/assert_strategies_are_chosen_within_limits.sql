-- No customer has two strategies, no strategy more customers than its capacity, nobody one that is blocked, churned customers
-- none but those that win back; a strategy of limited capacity that gains more is not left while it has places; and the customers of
-- a strategy earn its set-up. By order, as the studies have it, capacities and costs are no limit.
{%- set is_by_order = is_chosen_by_order() %}
with options as (
    select * from {{ ref('strategy_options') }}
),

strategies as (
    select
        strategies.strategy_code,
        strategies.strategy_kind,
        plans.capacity_count
    from {{ ref('strategies') }} as strategies
    inner join {{ ref('strategy_plans') }} as plans on strategies.strategy_code = plans.strategy_code
),

used as (
    select
        options.strategy_code,
        max(strategies.capacity_count) as capacity_count,
        count(*) filter (where options.is_chosen) as chosen_count,
        count(*) filter (where options.blocked_by_code = 'over_capacity') as refused_count
    from options
    inner join strategies on options.strategy_code = strategies.strategy_code
    group by options.strategy_code
),

faults as (
    select
        customer_id as name,
        'has several strategies' as fault
    from options
    where is_chosen
    group by customer_id
    having count(*) > 1
    union all
    select
        strategy_code as name,
        'has more customers than its capacity, or refuses some while it has places' as fault
    from used
    where not {{ is_by_order }} and (chosen_count > capacity_count or refused_count > 0 and chosen_count < capacity_count)
    union all
    select
        strategy_code as name,
        'is set up for customers who do not earn that' as fault
    from {{ ref('strategy_reach') }}
    where not {{ is_by_order }} and reach_code = 'chosen' and net_gain_amount < 0
    union all
    select
        options.customer_id as name,
        'has a strategy that is blocked, or that does not win back' as fault
    from options
    inner join strategies on options.strategy_code = strategies.strategy_code
    where
        options.is_chosen
        and (
            not options.is_eligible
            or not {{ is_by_order }} and (options.action_mode = 'win_back') <> (strategies.strategy_kind = 'win_back')
        )
)

select * from faults
