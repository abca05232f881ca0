{#- The churn rate of a planning period that a rate over an outcome window implies, at a constant hazard. The rate of a
    snapshot has no period and stands as it is. -#}
{% macro planning_rate(rate, window_days) -%}
    case
        when {{ window_days }} is null or {{ window_days }} = {{ number_var('planning_days') }} then {{ rate }}
        else 1.0 - power(1.0 - {{ rate }}, {{ number_var('planning_days') }} / cast({{ window_days }} as double))
    end
{%- endmacro %}

{#- Standard error of the planning rate of a row of int_segment_rates, over the rate. -#}
{% macro planning_churn_error(rates) -%}
    ({{ rates }}.planning_churn_rate_ci_upper - {{ rates }}.planning_churn_rate_ci_lower)
    / nullif(2 * {{ confidence_z() }} * {{ rates }}.planning_churn_rate, 0)
{%- endmacro %}
