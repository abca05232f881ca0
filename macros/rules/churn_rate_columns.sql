{#- The columns of every churn-rate row, in their order. -#}
{% macro churn_rate_columns() -%}
    customers_count,
    churned_count,
    churn_rate,
    churn_rate_ci_lower,
    churn_rate_ci_upper,
    lift,
    lift_ci_lower,
    lift_ci_upper,
    p_value,
    q_value,
    effect_size,
    standardised_churn_rate,
    is_small_cell,
    {{ churn_period_columns() }}
{%- endmacro %}
