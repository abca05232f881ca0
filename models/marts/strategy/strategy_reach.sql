-- Why customers for whom segments propose a strategy get it or do not: what blocks them, or that another strategy gains more, or
-- that this one gains less than it costs. The rows of a strategy add up to proposed_count.
with options as (
    select * from {{ ref('strategy_options') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

plans as (
    select * from {{ ref('strategy_plans') }}
),

counted as (
    select
        strategy_code,
        action_mode,
        case when is_chosen then 'chosen' else coalesce(blocked_by_code, 'not_best') end as reach_code,
        count(*) as customers_count
    from options
    group by strategy_code, action_mode, case when is_chosen then 'chosen' else coalesce(blocked_by_code, 'not_best') end
),

described as (
    select
        counted.strategy_code,
        strategies.strategy_name,
        counted.action_mode,
        counted.reach_code,
        counted.customers_count,
        cast(sum(counted.customers_count) over (partition by counted.strategy_code, counted.action_mode) as bigint) as proposed_count,
        plans.capacity_count
    from counted
    inner join strategies on counted.strategy_code = strategies.strategy_code
    inner join plans on counted.strategy_code = plans.strategy_code
)

select * from described
