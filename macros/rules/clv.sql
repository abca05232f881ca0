{#- The families of models of customer value, the first of equals first. -#}
{% macro clv_families() %}
    {% do return(['policies', 'purchases', 'contracts']) %}
{% endmacro %}


{#- The folds of back-tests and of intervals; those of policies, which Python makes, are as many (PolicySettings). -#}
{% macro clv_fold_count() %}
    {% do return(5) %}
{% endmacro %}
