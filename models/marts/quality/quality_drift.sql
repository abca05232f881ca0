-- Whether the customers to whom scores and plans apply are like those from whom they were learnt: each feature, segment, score
-- and value on the day on which the latest outcome window opened, and today.
with measured as (
    select * from {{ ref('int_drift_measured') }}
),

listed as (
    select * from {{ ref('int_drift_features_listed') }}
),

days as (
    select
        min(observed_on) filter (where churn_basis = 'window') as then_on,
        max(observed_on) filter (where churn_basis = 'current') as now_on
    from {{ ref('int_drift_customers_sampled') }}
),

-- one p-value per feature
features as (
    select distinct
        feature_name,
        p_value
    from measured
),

corrected as (
    {{ benjamini_hochberg('features', 'true') }}
),

final as (
    select
        measured.feature_name,
        measured.feature_level,
        measured.level_number,
        listed.feature_label,
        days.then_on,
        days.now_on,
        measured.then_count,
        measured.now_count,
        measured.then_share,
        measured.now_share,
        measured.missing_then_share,
        measured.missing_now_share,
        measured.population_stability_index,
        measured.ks_statistic,
        measured.p_value,
        corrected.q_value,
        case
            when measured.move = 'no_history' then 'no_history'
            when measured.move = 'small' or corrected.q_value >= {{ number_var('significance_level') }} then 'stable'
            else measured.move
        end as verdict
    from measured
    inner join listed on measured.feature_name = listed.feature_name
    inner join corrected on measured.feature_name = corrected.feature_name
    cross join days
)

select * from final
