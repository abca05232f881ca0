{#- Whether an amount is that of a purchase: above zero, or from zero on where the layout says that purchases may be free.
    Read back from its text, because DuckDB 2.0 derives wrong bounds of sums of positive and negative amounts, and then takes
    the comparison for false without making it. -#}
{% macro is_purchase_amount(amount) -%}
    cast(cast({{ amount }} as {{ kind_type('text') }}) as decimal(38, 2))
    {{ '>=' if declared_input('transactions').get('has_free_purchases') else '>' }} 0
{%- endmacro %}
