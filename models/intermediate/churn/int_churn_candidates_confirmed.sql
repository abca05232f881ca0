-- The figures of each candidate in the latest window, with the verdict of its tests. The confirmation figures of a segment are
-- those of the half that did not propose it.
{%- set rest = ['confirmation_churned_count', 'confirmation_count', 'rest_churned_count', 'rest_count'] %}

with found as (
    select distinct
        proposing_half,
        candidate_number,
        depth,
        parent_gain,
        overlap
    from {{ ref('int_churn_subgroups_found') }}
),

tested as (
    select * from {{ ref('int_churn_candidates_tested') }}
),

counted as (
    select
        counts.candidate_number,
        counts.segment_code,
        counts.customers_count,
        counts.remaining_count,
        counts.value_held_amount,
        {%- for half, other in [('discovery', 'confirmation'), ('confirmation', 'discovery')] %}
        {%- for column in ['count', 'churned_count', 'half_count', 'half_churned_count'] %}
        case tested.proposing_half
            when 'first' then counts.{{ half }}_{{ column }} else counts.{{ other }}_{{ column }}
        end as {{ half }}_{{ column }}{{ ',' if not (loop.last and half == 'confirmation') }}
        {%- endfor %}
        {%- endfor %}
    from tested
    inner join {{ ref('int_churn_candidates_counted') }} as counts
        on tested.candidate_number = counts.candidate_number and counts.window_number = 1
),

rested as (
    select
        *,
        confirmation_half_count - confirmation_count as rest_count,
        confirmation_half_churned_count - confirmation_churned_count as rest_churned_count
    from counted
),

compared as (
    select
        rested.segment_code,
        tested.proposing_half,
        found.depth,
        rested.customers_count,
        rested.remaining_count,
        rested.value_held_amount,
        rested.discovery_count,
        rested.discovery_churned_count,
        cast(rested.discovery_churned_count as double) / nullif(rested.discovery_count, 0) as discovery_churn_rate,
        found.parent_gain,
        found.overlap,
        rested.confirmation_count,
        rested.confirmation_churned_count,
        cast(rested.confirmation_churned_count as double) / nullif(rested.confirmation_count, 0) as confirmation_churn_rate,
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
    inner join found on tested.candidate_number = found.candidate_number and tested.proposing_half = found.proposing_half
    inner join rested on tested.candidate_number = rested.candidate_number
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
