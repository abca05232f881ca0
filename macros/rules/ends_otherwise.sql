{#- Death and closing by the bank end the relationship without churn. -#}
{% macro ends_otherwise(customers) -%}
    coalesce({{ customers }}.closed_reason in ('death', 'bank'), false)
{%- endmacro %}
