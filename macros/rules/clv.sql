{#- The families of models of customer value, the first of equals first. -#}
{% macro clv_families() %}
    {% do return(['policies', 'purchases', 'contracts']) %}
{% endmacro %}


{#- Customers of one cell of repeat purchases: errors of their forecasts are alike. -#}
{% macro repeat_cell(repeat_count) -%}
    case
        when {{ repeat_count }} = 0 then 'no repeat'
        when {{ repeat_count }} = 1 then '1 repeat'
        when {{ repeat_count }} <= 3 then '2-3 repeats'
        when {{ repeat_count }} <= 7 then '4-7 repeats'
        else '8+ repeats'
    end
{%- endmacro %}


{#- Of several policies those of three or more are one cell, as in the rule of three numbers. -#}
{% macro policy_cell(policy_count) -%}
    case
        when {{ policy_count }} is null then 'unknown number of policies'
        when {{ policy_count }} <= 1 then '1 policy'
        when {{ policy_count }} = 2 then '2 policies'
        else '3+ policies'
    end
{%- endmacro %}


{#- The metrics of which less is better; of a bias, the distance from zero. -#}
{% macro clv_error_metrics() %}
    {% do return(['mae', 'rmse', 'mape', 'total_bias', 'calibration_error']) %}
{% endmacro %}


{#- The metrics of which more is better. -#}
{% macro clv_gain_metrics() %}
    {% do return(['r2', 'gini', 'spearman', 'top_decile_capture']) %}
{% endmacro %}


{#- The folds of back-tests and of intervals; those of policies, which Python makes, are as many (PolicySettings). -#}
{% macro clv_fold_count() %}
    {% do return(5) %}
{% endmacro %}
