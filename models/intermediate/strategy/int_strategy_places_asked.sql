-- Who competes for the places of strategies of limited capacity, and what a place adds to what the customer brings without one.
-- Of the customers of a strategy no more can matter than there are places in all of them.
with set_up as (
    select * from {{ ref('int_strategies_set_up') }}
),

options as (
    select options.*
    from {{ ref('int_strategy_options_listed') }} as options
    left join set_up on options.strategy_code = set_up.strategy_code
    where options.blocked_by_code is null and coalesce(set_up.is_set_up, true)
),

limited as (
    {{ limited_strategies('options') | indent(4) }}
),

-- what customers bring without a place
unlimited as (
    select
        options.customer_id,
        max(options.choice_score) as choice_score
    from options
    left join limited on options.strategy_code = limited.strategy_code
    where limited.strategy_code is null
    group by options.customer_id
),

competing as (
    select
        options.customer_id,
        options.strategy_code,
        options.choice_score - greatest(0, coalesce(unlimited.choice_score, 0)) as gain,
        limited.capacity_count
    from options
    inner join limited on options.strategy_code = limited.strategy_code
    left join unlimited on options.customer_id = unlimited.customer_id
    where options.choice_score > greatest(0, coalesce(unlimited.choice_score, 0))
),

places as (
    select sum(capacity_count) as place_count from limited
),

ranked as (
    select
        *,
        row_number() over (partition by strategy_code order by gain desc, customer_id asc) as gain_rank
    from competing
),

asked as (
    select
        ranked.customer_id,
        ranked.strategy_code,
        ranked.gain,
        ranked.capacity_count
    from ranked
    inner join places on ranked.gain_rank <= places.place_count
)

select * from asked
