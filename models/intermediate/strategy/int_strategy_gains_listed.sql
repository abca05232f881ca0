-- What each customer would gain by each strategy that nothing keeps the customer from, and what it costs to set the strategy up.
-- Without a known gain of all who may get it, nothing can be held against a strategy's set-up; by order, as the studies have it,
-- no strategy has to earn it. Customers are numbered, because numbers are quick to sort.
{%- set has_to_earn = 'false' if is_chosen_by_order() else 'known.is_gain_known' %}

with options as (
    select * from {{ ref('int_strategy_options_listed') }}
    where blocked_by_code is null
),

plans as (
    select * from {{ ref('int_strategy_plans_updated') }}
),

known as (
    select
        strategy_code,
        count(*) = count(expected_gain_amount) as is_gain_known
    from options
    group by strategy_code
),

listed as (
    select
        options.customer_id,
        dense_rank() over (order by options.customer_id) as customer_number,
        options.strategy_code,
        options.choice_score as gain,
        options.capacity_count,
        case when {{ has_to_earn }} then cast(coalesce(plans.setup_cost, 0) as double) else 0.0 end as setup_cost
    from options
    inner join plans on options.strategy_code = plans.strategy_code
    inner join known on options.strategy_code = known.strategy_code
    where options.choice_score > 0
)

select * from listed
