-- How good the churn scores are, beside simpler models, and what leaving out protected features costs.
with measured as (
    select * from {{ ref('int_churn_models_measured') }}
),

-- all outcomes that models learn from are measured on one basis
bases as (
    select distinct
        measured_on,
        is_descriptive_only
    from {{ ref('int_churn_features_built') }}
    where is_churned is not null
),

described as (
    select
        measured.model_code,
        measured.feature_set,
        'cross_validation' as sample,
        measured.metric_name,
        measured.metric_value,
        measured.verdict,
        measured.customers_count,
        measured.churned_count,
        bases.measured_on,
        measured.model_code <> 'gradient_boosting' as is_baseline,
        measured.model_code = 'gradient_boosting' and measured.feature_set = {{ sql_literal(score_feature_set()) }}
            as is_scored,
        bases.is_descriptive_only
    from measured
    cross join bases
)

select * from described
