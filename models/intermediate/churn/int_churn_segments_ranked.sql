-- The kept segments, the surest first: a customer in several is spoken for by the one with the highest rate that the
-- confirmation half vouches for.
with kept as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
    where verdict = 'kept'
),

ranked as (
    select
        *,
        cast(row_number() over (order by confirmation_churn_rate_ci_lower desc, segment_code asc) as bigint)
            as segment_rank
    from kept
)

select * from ranked
