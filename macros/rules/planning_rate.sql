{#- The churn rate of a planning period that a rate over an outcome window implies, at a constant hazard. The rate of a
    snapshot has no period and stands as it is. -#}
{% macro planning_rate(rate, window_days) -%}
    case
        when {{ window_days }} is null or {{ window_days }} = {{ number_var('planning_days') }} then {{ rate }}
        else 1.0 - power(1.0 - {{ rate }}, {{ number_var('planning_days') }} / cast({{ window_days }} as double))
    end
{%- endmacro %}

{#- The probabilities of a segment's customers at the level of the segment's rate: their odds are multiplied alike (level_factor), which
    keeps their order and makes nobody certain to churn, and what their mean still lacks is shared out (to_mean). Where a mean or a
    rate is not known, they stand as they are. -#}
{% macro level_factor(mean, rate) -%}
    {{ rate }} * (1.0 - {{ mean }}) / nullif({{ mean }} * (1.0 - {{ rate }}), 0)
{%- endmacro %}

{% macro to_mean(probability, mean, rate) -%}
    case
        when {{ mean }} > {{ rate }} then {{ probability }} * {{ rate }} / {{ mean }}
        else coalesce(1.0 - (1.0 - {{ probability }}) * (1.0 - {{ rate }}) / nullif(1.0 - {{ mean }}, 0), {{ probability }})
    end
{%- endmacro %}

{#- Standard error of the planning rate of a row of int_segment_rates, over the rate. -#}
{% macro planning_churn_error(rates) -%}
    ({{ rates }}.planning_churn_rate_ci_upper - {{ rates }}.planning_churn_rate_ci_lower)
    / nullif(2 * {{ confidence_z() }} * {{ rates }}.planning_churn_rate, 0)
{%- endmacro %}
