{#- Whether money is that of a purchase: positive, or 0 too where the layout declares has_free_purchases. -#}
{% macro is_purchase_amount(amount) -%}
    {{ amount }} {{ '>=' if declared_input('transactions').get('has_free_purchases') else '>' }} 0
{%- endmacro %}
