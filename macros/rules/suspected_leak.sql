{#- True for a feature measured after the outcome, or, on a snapshot, one that alone separates churned from retained customers
    too well to be known before. -#}
{% macro is_suspected_leak() -%}
    (features.is_suspected_leak or features.churn_basis = 'snapshot'
    and coalesce(feature_auc > {{ number_var('leak_auc') }}, false))
{%- endmacro %}
