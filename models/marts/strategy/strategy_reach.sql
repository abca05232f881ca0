-- Why customers for whom segments propose a strategy get it or do not: what blocks them, or that another strategy gains more, or
-- that this one gains less than it costs. The rows of a strategy add up to proposed_count. Beside it what the customers gain who get
-- the strategy, or would get it if it was set up, and whether that earns the set-up.
with options as (
    select * from {{ ref('strategy_options') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

chosen as (
    select
        customer_id,
        expected_gain_amount
    from options
    where is_chosen
),

reached as (
    select
        options.strategy_code,
        options.action_mode,
        case
            when options.is_chosen then 'chosen'
            -- it would not be the best if it was set up
            when options.blocked_by_code = 'not_set_up' and options.expected_gain_amount <= chosen.expected_gain_amount then 'not_best'
            else coalesce(options.blocked_by_code, 'not_best')
        end as reach_code,
        options.expected_gain_amount,
        coalesce(chosen.expected_gain_amount, 0) as alternative_gain_amount
    from options
    left join chosen on options.customer_id = chosen.customer_id
),

counted as (
    select
        strategy_code,
        action_mode,
        reach_code,
        count(*) as customers_count,
        case when reach_code in ('chosen', 'not_set_up') then cast(sum(expected_gain_amount) as decimal(18, 2)) end
            as expected_gain_amount,
        case when reach_code = 'not_set_up' then cast(sum(alternative_gain_amount) as decimal(18, 2)) end as alternative_gain_amount
    from reached
    group by strategy_code, action_mode, reach_code
),

described as (
    select
        counted.strategy_code,
        strategies.strategy_name,
        counted.action_mode,
        counted.reach_code,
        counted.customers_count,
        cast(sum(counted.customers_count) over (partition by counted.strategy_code, counted.action_mode) as bigint) as proposed_count,
        plans.capacity_count,
        counted.expected_gain_amount,
        counted.alternative_gain_amount,
        case when counted.reach_code in ('chosen', 'not_set_up') then cast(plans.setup_cost as decimal(18, 2)) end as setup_cost_amount,
        cast(
            counted.expected_gain_amount - coalesce(counted.alternative_gain_amount, 0) - coalesce(plans.setup_cost, 0)
            as decimal(18, 2)
        ) as net_gain_amount
    from counted
    inner join strategies on counted.strategy_code = strategies.strategy_code
    inner join plans on counted.strategy_code = plans.strategy_code
)

select * from described
