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


{#- The text without the blanks at its ends, as exports leave them: spaces of every kind, tabs, zero-width ones. Most
    text begins and ends in plain letters, and a look at these is a tenth of the price. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    {%- set blanks = (
        '\t\n\x0b\x0c\r \x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028'
        ~ '\u2029\u202f\u205f\u3000\ufeff'
    ) -%}
    case
        when ascii({{ text }}) between 33 and 126 and ascii(right({{ text }}, 1)) between 33 and 126 then {{ text }}
        else trim({{ text }}, {{ sql_literal(blanks) }})
    end
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
