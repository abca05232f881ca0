{#- A value from a var or the environment as a quoted SQL literal: the only way one reaches SQL. -#}
{% macro sql_literal(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}


{#- True where the whole text matches the regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, {{ sql_literal(pattern) }})
{%- endmacro %}


{#- Text to timestamp by the first of `formats` (strftime codes) that fits; null where none does. -#}
{% macro parse_timestamp(text, formats) -%}
    {{ return(adapter.dispatch('parse_timestamp')(text, formats)) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(text, formats) -%}
    try_strptime({{ text }}, [
        {%- for format in formats %}{{ sql_literal(format) }}{{ ', ' if not loop.last }}{% endfor -%}
    ])
{%- endmacro %}
