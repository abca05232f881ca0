-- The strategies of every segment, ranked. Most segments have theirs in seed segment_strategies. A churn segment gets them by its
-- conditions: a strategy for a range suits a segment that lies within it; the row without a column suits all. Strategies that win
-- customers back are for churned customers only.
with owned as (
    select * from {{ layout_rows('segment_strategies') }}
),

kept as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
    where verdict = 'kept'
),

rules as (
    select rules.*
    from {{ ref('int_churn_candidate_rules_listed') }} as rules
    inner join kept on rules.segment_code = kept.segment_code
),

signs as (
    select * from {{ layout_rows('churn_segment_strategies') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

matched as (
    select
        rules.segment_code,
        signs.strategy_code,
        min(signs.priority) as priority
    from rules
    inner join signs
        on
            signs.column_name is null
            or rules.column_name = signs.column_name
            and (signs.value is null or rules.value = signs.value)
            and (signs.lower_bound is null or rules.lower_bound >= signs.lower_bound)
            and (signs.upper_bound is null or rules.upper_bound <= signs.upper_bound)
    group by rules.segment_code, signs.strategy_code
),

assigned as (
    select
        segment_scheme,
        segment_code,
        strategy_code,
        strategy_rank
    from owned
    union all
    select
        'churn' as segment_scheme,
        segment_code,
        strategy_code,
        row_number() over (partition by segment_code order by priority, strategy_code) as strategy_rank
    from matched
)

select
    assigned.*,
    strategies.strategy_kind = 'win_back' as is_win_back
from assigned
inner join strategies on assigned.strategy_code = strategies.strategy_code
