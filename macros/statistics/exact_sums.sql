{#- Sums and means that do not depend on the order in which rows arrive, which differs from run to run: terms are added as
    decimals of twelve places (a sum of doubles changes its last digits with the order) and given back as a double. -#}
{% macro exact_sum(term, window='') -%}
    cast(sum(cast({{ term }} as decimal(38, 12))){{ ' over (' ~ window ~ ')' if window }} as double)
{%- endmacro %}

{% macro exact_average(term) -%}
    {{ exact_sum(term) }} / nullif(count({{ term }}), 0)
{%- endmacro %}
