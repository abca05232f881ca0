-- Who competes for the places of strategies of limited capacity, and what a place adds to what the customer brings without one.
-- Of the customers of a strategy no more can matter than there are places in all of them.
with options as (
    select * from {{ ref('int_strategy_options_listed') }}
    where is_limited and blocked_by_code is null and choice_score > unlimited_score
),

places as (
    select sum(capacity_count) as place_count
    from (
        select
            strategy_code,
            max(capacity_count) as capacity_count
        from options
        group by strategy_code
    ) as capacities
),

ranked as (
    select
        customer_id,
        strategy_code,
        choice_score - unlimited_score as gain,
        capacity_count,
        row_number() over (partition by strategy_code order by choice_score - unlimited_score desc, customer_id) as gain_rank
    from options
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
