{#- The shape of a value without the value: digits become #, letters x, control characters ?, which a terminal would run;
    the rest stays. 40 characters at most. -#}
{% macro masked_value(text) -%}
    {{ return(adapter.dispatch('masked_value')(text)) }}
{%- endmacro %}

{% macro duckdb__masked_value(text) -%}
    left(regexp_replace(regexp_replace(regexp_replace({{ text }}, '\p{N}', '#', 'g'), '[\p{L}\p{M}]', 'x', 'g'), '\p{Cc}', '?', 'g'), 40)
{%- endmacro %}

{% macro spark__masked_value(text) -%}
    left(regexp_replace(regexp_replace(regexp_replace({{ text }}, '\\p{N}', '#'), '[\\p{L}\\p{M}]', 'x'), '\\p{Cc}', '?'), 40)
{%- endmacro %}
