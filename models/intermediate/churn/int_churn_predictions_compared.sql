-- What each model said of the customers of the sample, whose outcome is known, when it had not seen their fold.
with features as (
    select * from {{ ref('int_churn_features_built') }}
),

scored as (
    select * from {{ ref('int_churn_scored') }}
),

compared as (
    select
        features.customer_id,
        features.fold_number,
        features.is_churned,
        scored.base_rate_none
        {%- for model in ['cell_rate', 'logistic', 'gradient_boosting'] %},
        scored.{{ model }}_without_protected,
        scored.{{ model }}_all
        {%- endfor %}
    from scored
    inner join features on scored.customer_id = features.customer_id and scored.score_basis = features.score_basis
    where features.is_sampled
)

select * from compared
