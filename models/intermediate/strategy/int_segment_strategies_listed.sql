-- The strategies of every segment in one row: the first, all of them by rank, and the offers among them.
with assigned as (
    select * from {{ ref('int_segment_strategies_assigned') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

listed as (
    select
        assigned.segment_scheme,
        assigned.segment_code,
        max(assigned.strategy_code) filter (where assigned.strategy_rank = 1) as strategy_code,
        max(strategies.strategy_name) filter (where assigned.strategy_rank = 1) as strategy_name,
        {{ dbt.listagg('strategies.strategy_name', "', '", 'order by assigned.strategy_rank') }} as strategies,
        {{ dbt.listagg(
            "case when strategies.strategy_kind = 'offer' then strategies.strategy_name end", "', '", 'order by assigned.strategy_rank'
        ) }} as offers
    from assigned
    inner join strategies on assigned.strategy_code = strategies.strategy_code
    group by assigned.segment_scheme, assigned.segment_code
)

select * from listed
