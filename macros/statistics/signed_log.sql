{#- ln(1 + |x|) with the sign of x: zero stays zero, and an overdraft is as far from it as a balance. -#}
{% macro signed_log(value) -%}
    sign(cast({{ value }} as double)) * ln(1.0 + abs(cast({{ value }} as double)))
{%- endmacro %}
