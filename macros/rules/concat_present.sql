{#- The non-null parts joined by a separator; concat_ws skips nulls on both engines. -#}
{% macro concat_present(parts, separator) -%}
    concat_ws({{ sql_literal(separator) }}, {{ parts | join(', ') }})
{%- endmacro %}
