{#- A value from a var or the environment as a quoted SQL literal: the only way one reaches SQL. -#}
{% macro sql_literal(value) -%}
    {{ return(adapter.dispatch('sql_literal')(value | string)) }}
{%- endmacro %}

{% macro default__sql_literal(text) -%}
    '{{ text.replace("'", "''") }}'
{%- endmacro %}

{#- A backslash escapes the next character. -#}
{% macro spark__sql_literal(text) -%}
    '{{ text.replace('\\', '\\\\').replace("'", "\\'") }}'
{%- endmacro %}


{#- True where the whole text matches the regular expression. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, {{ sql_literal(pattern) }})
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike {{ sql_literal('\\A(?:' ~ pattern ~ ')\\z') }}
{%- endmacro %}


{#- Bytes of the text in UTF-8. -#}
{% macro byte_length(text) -%}
    {{ return(adapter.dispatch('byte_length')(text)) }}
{%- endmacro %}

{#- octet_length is of blobs alone. -#}
{% macro duckdb__byte_length(text) -%}
    strlen({{ text }})
{%- endmacro %}

{% macro spark__byte_length(text) -%}
    octet_length({{ text }})
{%- endmacro %}


{#- The text without the blanks at its ends, as exports leave them: spaces of every kind, tabs, zero-width ones. Most
    text begins and ends in plain letters, and a look at these is a tenth of the price. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    {%- set blanks = (
        '\t\n\x0b\x0c\r \x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028'
        ~ '\u2029\u202f\u205f\u3000\ufeff'
    ) -%}
    case
        when ascii({{ text }}) between 33 and 126 and ascii(substr({{ text }}, -1)) between 33 and 126 then {{ text }}
        else {{ stripped(text, blanks) }}
    end
{%- endmacro %}


{#- The text without any of the characters at its ends. -#}
{% macro stripped(text, characters) -%}
    {{ return(adapter.dispatch('stripped')(text, characters)) }}
{%- endmacro %}

{% macro duckdb__stripped(text, characters) -%}
    trim({{ text }}, {{ sql_literal(characters) }})
{%- endmacro %}

{% macro spark__stripped(text, characters) -%}
    btrim({{ text }}, {{ sql_literal(characters) }})
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

{#- Each format as a pattern whose groups make the text that a cast reads: Spark's own formats demand two digits of a
    month, or none of what follows it. -#}
{% macro spark__parse_timestamp(text, formats) -%}
    {%- set digits = {'Y': '[0-9]{4}', 'm': '[0-9]{1,2}', 'd': '[0-9]{1,2}', 'H': '[0-9]{1,2}', 'M': '[0-9]{1,2}',
        'S': '[0-9]{1,2}', 'f': '[0-9]{1,6}'} -%}
    coalesce(
        {%- for format in formats %}
        {%- set pattern = namespace(value='') %}
        {%- set groups = {} %}
        {%- for part in modules.re.findall('%[A-Za-z]|[^%]+|%', format) %}
            {%- if part[1:] in digits and part[0] == '%' %}
                {%- do groups.update({part[1:]: '$' ~ (groups | length + 1)}) %}
                {%- set fixed = '%Y%m%d' in format and part[1:] in ('m', 'd') %}
                {%- set pattern.value = pattern.value ~ '(' ~ ('[0-9]{2}' if fixed else digits[part[1:]]) ~ ')' %}
            {%- else %}
                {%- set pattern.value = pattern.value ~ modules.re.escape(part) %}
            {%- endif %}
        {%- endfor %}
        {%- set time = groups.get('H', '00') ~ ':' ~ groups.get('M', '00') ~ ':' ~ groups.get('S', '00') %}
        {%- set iso = groups.get('Y', '') ~ '-' ~ groups.get('m', '01') ~ '-' ~ groups.get('d', '01') ~ ' ' ~ time
            ~ ('.' ~ groups['f'] if 'f' in groups else '') %}
        case
            when {{ matches(text, pattern.value) }}
                then try_cast(regexp_replace({{ text }}, {{ sql_literal(pattern.value) }}, '{{ iso }}') as timestamp)
        end{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
