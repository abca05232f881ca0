with confirmed as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
),

rendered as (
    select * from {{ ref('int_segment_rules_rendered') }}
    where segment_scheme = 'churn'
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

final as (
    select
        confirmed.segment_code as churn_segment_code,
        rendered.segment_name,
        rendered.predicate_sql,
        confirmed.depth,
        confirmed.verdict,
        confirmed.customers_count,
        confirmed.remaining_count,
        confirmed.value_held_amount,
        confirmed.proposing_half,
        confirmed.discovery_count,
        confirmed.discovery_churned_count,
        confirmed.discovery_churn_rate,
        confirmed.parent_gain,
        confirmed.condition_q_value,
        confirmed.overlap,
        confirmed.confirmation_count,
        confirmed.confirmation_churned_count,
        confirmed.confirmation_churn_rate,
        confirmed.confirmation_churn_rate_ci_lower,
        confirmed.confirmation_churn_rate_ci_upper,
        confirmed.lift,
        confirmed.lift_ci_lower,
        confirmed.lift_ci_upper,
        confirmed.odds_ratio,
        confirmed.p_value,
        confirmed.q_value,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from confirmed
    cross join rated_day
    inner join rendered on confirmed.segment_code = rendered.segment_code
)

select * from final
