{#- The feature set that churn scores learn from. -#}
{% macro score_feature_set() %}
    {% do return('all' if flag_var('models_use_protected_attributes') == 'true' else 'without_protected') %}
{% endmacro %}
