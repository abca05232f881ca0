{#- Whether an amount is that of a purchase: above zero, or from zero on where the layout says that purchases may be free. -#}
{% macro is_purchase_amount(amount) -%}
    {{ amount }} {{ '>=' if declared_input('transactions').get('has_free_purchases') else '>' }} 0
{%- endmacro %}
