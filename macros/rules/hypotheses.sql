{#- What a registered hypothesis may measure, as a number, and how it may part customers, as text. -#}
{% macro hypothesis_measures() %}
    {% set measures = {
        'age': 'age', 'credit_score': 'credit_score', 'tenure_years': 'tenure_years',
        'property_count': 'property_count', 'product_count': 'product_count',
        'estimated_salary': 'estimated_salary', 'balance': 'balance',
        'is_churned': 'case when is_churned then 1 when not is_churned then 0 end',
    } %}
    {% for name in own_feature_names(['number']) %}{% do measures.update({name: name}) %}{% endfor %}
    {% do return(measures) %}
{% endmacro %}


{% macro hypothesis_groups() %}
    {% set groups = dict(churn_dimensions(), **{'is_churned': flag_text('is_churned')}) %}
    {% do groups.pop('credit_score_band') %}
    {% for name in own_feature_names(['text', 'flag']) %}{% do groups.update({name: customer_feature_texts()[name]}) %}{% endfor %}
    {% do return(groups) %}
{% endmacro %}
