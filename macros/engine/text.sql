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


{#- The text without the blank characters at its ends: spaces, tabs, no-break and zero-width ones, as exports leave them. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    trim({{ text }}, {{ sql_literal(' \t\r\n\u00a0\u2007\u2009\u200b\u202f\u3000\ufeff') }})
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
