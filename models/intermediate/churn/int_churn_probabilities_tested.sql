-- What the kind of model that is served says of customers whom it has not seen, by feature set, beside what they did.
{{ config(materialized='view') }}

with rows as (
    select * from {{ ref('int_churn_score_rows') }}
    where is_sampled and is_rated
),

served as (
    select max(model_code) as model_code from {{ ref('int_churn_scored') }}
),

predictions as (
    select * from {{ ref('int_churn_predictions_compared') }}
    where sample = 'cross_validation'
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(age_band_set()) }}
),

tested as (
    {%- for feature_set in ['without_protected', 'all'] %}
    select
        rows.customer_id,
        '{{ feature_set }}' as feature_set,
        {{ band_of('rows.age', 'age_bands') }} as age_band,
        coalesce(rows.gender, 'unknown') as gender,
        rows.city,
        rows.is_churned,
        case served.model_code
            {%- for model in ['cell_rate', 'logistic', 'gradient_boosting'] %}
            when '{{ model }}' then predictions.{{ model }}_{{ feature_set }}
            {%- endfor %}
            else predictions.base_rate_none
        end as churn_probability
    from predictions
    cross join served
    inner join rows on predictions.customer_id = rows.customer_id
    left join age_bands on {{ is_within('rows.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from tested
