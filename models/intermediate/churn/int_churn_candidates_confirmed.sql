-- The confirmation half's figures of each candidate in the latest window, with the verdict of its tests.
{%- set rest = ['confirmation_churned_count', 'confirmation_count', 'rest_churned_count', 'rest_count'] %}

with found as (
    select distinct
        candidate_number,
        depth,
        parent_gain,
        overlap
    from {{ ref('int_churn_subgroups_found') }}
),

counted as (
    select
        *,
        half_count - confirmation_count as rest_count,
        half_churned_count - confirmation_churned_count as rest_churned_count
    from {{ ref('int_churn_candidates_counted') }}
    where window_number = 1
),

tested as (
    select * from {{ ref('int_churn_candidates_tested') }}
),

compared as (
    select
        counted.segment_code,
        found.depth,
        counted.customers_count,
        counted.remaining_count,
        counted.value_held_amount,
        counted.discovery_count,
        counted.discovery_churned_count,
        cast(counted.discovery_churned_count as double) / nullif(counted.discovery_count, 0) as discovery_churn_rate,
        found.parent_gain,
        found.overlap,
        counted.confirmation_count,
        counted.confirmation_churned_count,
        cast(counted.confirmation_churned_count as double) / nullif(counted.confirmation_count, 0) as confirmation_churn_rate,
        {{ wilson_lower('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_lower,
        {{ wilson_upper('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_upper,
        {{ risk_ratio(*rest) }} as lift,
        {{ risk_ratio_bound(*rest, side=-1) }} as lift_ci_lower,
        {{ risk_ratio_bound(*rest, side=1) }} as lift_ci_upper,
        -- half a customer is added to each cell (Haldane 1956), so that it is finite
        cast(confirmation_churned_count + 0.5 as double) * (rest_count - rest_churned_count + 0.5)
        / ((confirmation_count - confirmation_churned_count + 0.5) * (rest_churned_count + 0.5)) as odds_ratio,
        tested.condition_q_value,
        tested.p_value,
        tested.q_value,
        tested.verdict
    from tested
    inner join found on tested.candidate_number = found.candidate_number
    inner join counted on tested.candidate_number = counted.candidate_number
),

-- the surest kept one first: a customer in several is spoken for by the one with the highest rate that the confirmation half
-- vouches for
ranked as (
    select
        *,
        case when verdict = 'kept' then cast(row_number() over (
            partition by verdict order by confirmation_churn_rate_ci_lower desc, segment_code asc
        ) as bigint) end as segment_rank
    from compared
)

select * from ranked
