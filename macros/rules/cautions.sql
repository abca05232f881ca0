{#- What sentences on segments and strategies warn of, by code. -#}
{% macro caution_text(code) -%}
    {{ sql_literal({
        'changed': 'the segment has changed much since its churn was measured',
        'snapshot': 'churn is a flag without dates, so the rate describes and does not predict',
        'margin': 'what customers are worth is the margin on balances that the plan assumes',
    }[code]) }}
{%- endmacro %}


{#- Population stability index above which a segment is made of other customers than when its rate was measured. -#}
{% macro is_much_changed(population_stability_index) -%}
    coalesce({{ population_stability_index }} > 0.25, false)
{%- endmacro %}
