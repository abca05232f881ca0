-- The confirmation half's figures of each candidate. A candidate is kept if the discovery half selected it and the other
-- half, which took no part in the selection, shows it raised again: significantly within the windows that tests read, and by
-- the required factor in the latest.
{%- set rest = ['confirmation_churned_count', 'confirmation_count', 'rest_churned_count', 'rest_count'] %}

with found as (
    select distinct
        candidate_number,
        depth,
        permutation_q_value,
        parent_gain,
        parent_p_value,
        overlap,
        selection_order,
        discovery_verdict
    from {{ ref('int_churn_subgroups_found') }}
),

codes as (
    select distinct
        candidate_number,
        segment_code
    from {{ ref('int_churn_candidate_rules_listed') }}
),

counted as (
    select * from {{ ref('int_churn_candidates_counted') }}
),

halves as (
    select
        coalesce(window_number, 1) as window_number,
        count(*) as half_count,
        count(*) filter (where is_churned) as half_churned_count
    from {{ ref('int_churn_observations') }}
    where is_tested and not is_discovery and is_churned is not null
    group by coalesce(window_number, 1)
),

compared_within as (
    select
        counted.segment_code,
        {{ stratified_z(
            'counted.confirmation_churned_count', 'counted.confirmation_count', 'halves.half_churned_count', 'halves.half_count',
            'counted.window_number'
        ) }} as z_statistic
    from counted
    inner join halves on counted.window_number = halves.window_number
    group by counted.segment_code
),

joined as (
    select
        codes.segment_code,
        found.*,
        -- a candidate that nobody meets outside the sample has no row of counts
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.remaining_count, 0) as remaining_count,
        coalesce(counted.value_held_amount, 0) as value_held_amount,
        coalesce(counted.discovery_count, 0) as discovery_count,
        coalesce(counted.discovery_churned_count, 0) as discovery_churned_count,
        coalesce(counted.confirmation_count, 0) as confirmation_count,
        coalesce(counted.confirmation_churned_count, 0) as confirmation_churned_count,
        halves.half_count,
        halves.half_churned_count,
        halves.half_count - coalesce(counted.confirmation_count, 0) as rest_count,
        halves.half_churned_count - coalesce(counted.confirmation_churned_count, 0) as rest_churned_count,
        compared_within.z_statistic
    from found
    inner join codes on found.candidate_number = codes.candidate_number
    inner join halves on halves.window_number = 1
    left join counted on codes.segment_code = counted.segment_code and counted.window_number = 1
    left join compared_within on codes.segment_code = compared_within.segment_code
),

compared as (
    select
        *,
        cast(discovery_churned_count as double) / nullif(discovery_count, 0) as discovery_churn_rate,
        cast(confirmation_churned_count as double) / nullif(confirmation_count, 0) as confirmation_churn_rate,
        {{ wilson_lower('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_lower,
        {{ wilson_upper('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_upper,
        cast(half_churned_count as double) / nullif(half_count, 0) as base_rate,
        {{ risk_ratio(*rest) }} as lift,
        {{ risk_ratio_bound(*rest, side=-1) }} as lift_ci_lower,
        {{ risk_ratio_bound(*rest, side=1) }} as lift_ci_upper,
        -- half a customer is added to each cell (Haldane 1956), so that it is finite
        cast(confirmation_churned_count + 0.5 as double) * (rest_count - rest_churned_count + 0.5)
        / ((confirmation_count - confirmation_churned_count + 0.5) * (rest_churned_count + 0.5)) as odds_ratio,
        -- one family: the candidates that the discovery half selected
        case when discovery_verdict = 'selected' then {{ normal_two_sided_p('z_statistic') }} end as p_value,
        confirmation_count < {{ number_var('minimum_cell_size') }} as is_withheld
    from joined
),

corrected as (
    {{ benjamini_hochberg('compared', 'is_withheld') }}
),

judged as (
    select
        segment_code,
        depth,
        customers_count,
        remaining_count,
        value_held_amount,
        discovery_count,
        discovery_churned_count,
        discovery_churn_rate,
        permutation_q_value,
        parent_gain,
        parent_p_value,
        overlap,
        confirmation_count,
        confirmation_churned_count,
        confirmation_churn_rate,
        confirmation_churn_rate_ci_lower,
        confirmation_churn_rate_ci_upper,
        lift,
        lift_ci_lower,
        lift_ci_upper,
        odds_ratio,
        p_value,
        q_value,
        case
            when discovery_verdict <> 'selected' then discovery_verdict
            when confirmation_count < {{ number_var('segment_minimum_share') }} * half_count then 'too small in the other half'
            when not coalesce(q_value < {{ number_var('significance_level') }} and z_statistic > 0 and lift > 1, false) then 'not confirmed'
            when confirmation_churn_rate < {{ raised_rate('base_rate') }} then 'confirmed, but not raised enough'
            else 'kept'
        end as verdict
    from corrected
)

select * from judged
