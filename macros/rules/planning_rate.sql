{#- The churn rate of a planning period that a rate over an outcome window implies, at a constant hazard. The rate of a
    snapshot has no period and stands as it is. -#}
{% macro planning_rate(rate, window_days) -%}
    case
        when {{ window_days }} is null or {{ window_days }} = {{ number_var('planning_days') }} then {{ rate }}
        else 1.0 - power(1.0 - {{ rate }}, {{ number_var('planning_days') }} / cast({{ window_days }} as double))
    end
{%- endmacro %}
