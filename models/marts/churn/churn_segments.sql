with candidates as (
    select * from {{ ref('churn_segment_candidates') }}
),

ranked as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
    where verdict = 'kept'
),

strategies as (
    select * from {{ ref('int_segment_strategies_listed') }}
    where segment_scheme = 'churn'
),

final as (
    select
        candidates.churn_segment_code,
        ranked.segment_rank,
        candidates.segment_name,
        candidates.predicate_sql,
        candidates.depth,
        candidates.customers_count,
        candidates.remaining_count,
        candidates.value_held_amount,
        candidates.proposing_half,
        candidates.discovery_count,
        candidates.discovery_churned_count,
        candidates.discovery_churn_rate,
        candidates.parent_gain,
        candidates.condition_q_value,
        candidates.overlap,
        candidates.confirmation_count,
        candidates.confirmation_churned_count,
        candidates.confirmation_churn_rate,
        candidates.confirmation_churn_rate_ci_lower,
        candidates.confirmation_churn_rate_ci_upper,
        candidates.lift,
        candidates.lift_ci_lower,
        candidates.lift_ci_upper,
        coalesce(candidates.lift >= {{ number_var('segment_high_lift') }}, true) as is_high_lift,
        candidates.odds_ratio,
        candidates.p_value,
        candidates.q_value,
        strategies.strategy_code,
        {{ churn_period_columns('candidates') | indent(4) }},
        {{ capitalised('candidates.segment_name') }} || ': of ' || {{ grouped_text('candidates.confirmation_count') }}
        || ' customers of the half that confirmed it, ' || {{ percent_text('candidates.confirmation_churn_rate') }}
        || ' ' || {{ churned_text('candidates.window_days') }}
        || ' ({{ confidence_text() }} ' || {{ percent_text('candidates.confirmation_churn_rate_ci_lower') }}
        || ' to ' || {{ percent_text('candidates.confirmation_churn_rate_ci_upper') }} || '), '
        || {{ decimal_text('candidates.lift', 1) }} || ' times the '
        || {{ percent_text('candidates.confirmation_churn_rate / nullif(candidates.lift, 0)') }} || ' of the rest. '
        || {{ grouped_text('candidates.remaining_count') }} || ' current customers belong to it.' as sentence
    from candidates
    inner join ranked on candidates.churn_segment_code = ranked.segment_code
    left join strategies on candidates.churn_segment_code = strategies.segment_code
)

select * from final
