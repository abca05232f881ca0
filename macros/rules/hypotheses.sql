{#- What a registered hypothesis may measure, as a number, and how it may part customers, as text. -#}
{% macro hypothesis_measures() %}
    {% do return({
        'age': 'age', 'credit_score': 'credit_score', 'tenure_years': 'tenure_years',
        'property_count': 'property_count', 'product_count': 'product_count',
        'estimated_salary': 'estimated_salary', 'balance': 'balance',
        'is_churned': 'case when is_churned then 1 when not is_churned then 0 end',
    }) %}
{% endmacro %}


{% macro hypothesis_groups() %}
    {% do return(dict(churn_dimensions(), **{
        'is_churned': flag_text('is_churned'),
    })) %}
{% endmacro %}
