-- The strategies of every segment in one row: the first, all of them by rank, and the offers among them.
with assigned as (
    select * from {{ ref('int_segment_strategies_assigned') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

named as (
    select
        assigned.segment_scheme,
        assigned.segment_code,
        assigned.strategy_rank,
        strategies.strategy_code,
        strategies.strategy_name,
        strategies.strategy_kind
    from assigned
    inner join strategies on assigned.strategy_code = strategies.strategy_code
),

listed as (
    select
        segment_scheme,
        segment_code,
        max(strategy_code) filter (where strategy_rank = 1) as strategy_code,
        max(strategy_name) filter (where strategy_rank = 1) as strategy_name,
        {{ dbt.listagg('strategy_name', "', '", 'order by strategy_rank') }} as strategies,
        {{ dbt.listagg("case when strategy_kind = 'offer' then strategy_name end", "', '", 'order by strategy_rank') }}
            as offers
    from named
    group by segment_scheme, segment_code
)

select * from listed
