{#- The churn rate from which a segment counts as raised. Where no rate can be that many times the base: half-way from the
    base to certainty. -#}
{% macro raised_rate(base_rate) -%}
    least({{ number_var('segment_minimum_lift') }} * {{ base_rate }}, (1.0 + {{ base_rate }}) / 2.0)
{%- endmacro %}
