{#- The normal quantile of two-sided intervals at the level of var confidence_level. -#}
{% macro confidence_z() %}
    {% do return(confidence_quantiles()[var('confidence_level')]) %}
{% endmacro %}


{#- The levels that may be chosen, and their quantiles. -#}
{% macro confidence_quantiles() %}
    {% do return({
        0.8: 1.2815515655446004, 0.9: 1.6448536269514722, 0.95: 1.959963984540054, 0.98: 2.3263478740408408,
        0.99: 2.5758293035489004, 0.999: 3.2905267314919255,
    }) %}
{% endmacro %}


{#- The level as it is written in sentences: 95% CI. -#}
{% macro confidence_text() -%}
    {{ ('%.4g' % (100 * var('confidence_level'))) ~ '% CI' }}
{%- endmacro %}
