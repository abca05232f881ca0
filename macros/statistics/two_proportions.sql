{#- Comparison of two groups, k1 of n1 against k2 of n2. Every macro is null where a group is empty. -#}

{#- Risk ratio; null also where nobody of the second group is affected. -#}
{% macro risk_ratio(k1, n1, k2, n2) -%}
    (cast({{ k1 }} as double) / nullif({{ n1 }}, 0)) / nullif(cast({{ k2 }} as double) / nullif({{ n2 }}, 0), 0)
{%- endmacro %}


{#- Bound of the risk ratio by Katz et al. (1978); side is -1 or 1; null also where a group has no affected member. -#}
{% macro risk_ratio_bound(k1, n1, k2, n2, side) -%}
    {{ risk_ratio(k1, n1, k2, n2) }} * exp({{ side }} * {{ confidence_z() }} * sqrt(
        1.0 / nullif({{ k1 }}, 0) - 1.0 / nullif({{ n1 }}, 0) + 1.0 / nullif({{ k2 }}, 0) - 1.0 / nullif({{ n2 }}, 0)
    ))
{%- endmacro %}


{#- Cohen's h (Cohen 1988): difference of the arcsine-transformed proportions. -#}
{% macro cohens_h(k1, n1, k2, n2) -%}
    2.0 * asin(sqrt(cast({{ k1 }} as double) / nullif({{ n1 }}, 0)))
    - 2.0 * asin(sqrt(cast({{ k2 }} as double) / nullif({{ n2 }}, 0)))
{%- endmacro %}
