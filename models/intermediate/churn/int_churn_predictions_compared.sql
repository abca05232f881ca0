-- What each model predicted for the customers of the sample, whose outcome is known: without having seen their fold, and out
-- of time, fitted one window earlier.
{%- set samples = {'cross_validation': 'int_churn_scored', 'out_of_time': 'int_churn_predicted_out_of_time'} %}

with rows as (
    select * from {{ ref('int_churn_score_rows') }}
    where is_sampled and is_rated
),

compared as (
    {%- for sample, model in samples.items() %}
    select
        '{{ sample }}' as sample,
        rows.customer_id,
        rows.fold_number,
        rows.is_churned,
        predicted.base_rate_none
        {%- for candidate in ['cell_rate', 'logistic', 'gradient_boosting'] %},
        predicted.{{ candidate }}_without_protected,
        predicted.{{ candidate }}_all
        {%- endfor %}
    from {{ ref(model) }} as predicted
    inner join rows on predicted.customer_id = rows.customer_id and predicted.churn_basis = rows.churn_basis
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from compared
