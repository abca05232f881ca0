-- How good the churn scores are beside simpler models, cross-validated and out of time, and what protected features add.
with measured as (
    select * from {{ ref('int_churn_models_measured') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

served as (
    select distinct
        model_code,
        feature_set
    from {{ ref('int_churn_scored') }}
),

described as (
    select
        measured.model_code,
        measured.feature_set,
        measured.sample,
        measured.metric_name,
        measured.metric_value,
        measured.verdict,
        measured.customers_count,
        measured.churned_count,
        {{ churn_period_columns('rated_day') | indent(4) }},
        measured.model_code <> 'gradient_boosting' as is_baseline,
        served.model_code is not null as is_scored,
        rated_day.churn_basis = 'snapshot' as is_descriptive_only
    from measured
    cross join rated_day
    left join served on measured.model_code = served.model_code and measured.feature_set = served.feature_set
)

select * from described
