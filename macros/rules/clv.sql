{#- The folds of back-tests and of intervals; those of policies, which Python makes, are as many (PolicySettings). -#}
{% macro clv_fold_count() %}
    {% do return(5) %}
{% endmacro %}
