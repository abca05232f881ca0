{#- A value from a var or the environment as a quoted SQL literal: the only way one reaches SQL. -#}
{% macro sql_literal(value) -%}
    {{ return(adapter.dispatch('sql_literal')(value | string)) }}
{%- endmacro %}

{#- The same of a text that may be missing. -#}
{% macro text_or_null(value) -%}
    {{ sql_literal(value) if value else 'cast(null as ' ~ kind_type('text') ~ ')' }}
{%- endmacro %}

{% macro default__sql_literal(text) -%}
    '{{ text.replace("'", "''") }}'
{%- endmacro %}

{#- A backslash escapes the next character. -#}
{% macro spark__sql_literal(text) -%}
    '{{ text.replace('\\', '\\\\').replace("'", "\\'") }}'
{%- endmacro %}


{#- A number of a sentence with this number of decimals, and separators between thousands. -#}
{% macro grouped_text(value, digits=0) -%}
    {{ return(adapter.dispatch('grouped_text')(value, digits)) }}
{%- endmacro %}

{% macro duckdb__grouped_text(value, digits) -%}
    format('{:,.{{ digits }}f}', cast(cast({{ value }} as decimal(18, {{ digits }})) as double))
{%- endmacro %}

{% macro spark__grouped_text(value, digits) -%}
    format_number(cast({{ value }} as decimal(18, {{ digits }})), {{ digits }})
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


{#- Whether the text, in lower case, is one of some short texts, or matches a pattern of those that begin with #. A pattern,
    because a list of so many would be planned as a join. -#}
{% macro is_one_of(text, values, hash_pattern=none) -%}
    {%- set lengths, starts, patterns = [], [], [] -%}
    {%- for value in values -%}
        {%- do lengths.append(value | length) -%}
        {%- do starts.extend([value[0], value[0] | upper]) -%}
        {%- do patterns.append(modules.re.escape(value)) -%}
    {%- endfor -%}
    {%- if hash_pattern -%}
        {%- do lengths.append(20) -%}
        {%- do starts.append('#') -%}
        {%- do patterns.append(hash_pattern) -%}
    {%- endif -%}
    {#- the length and the first letter rule out most texts -#}
    (
        length({{ text }}) <= {{ lengths | max }} and contains({{ sql_literal(starts | unique(case_sensitive=true) | join) }}, left({{ text }}, 1))
        and {{ matches('lower(' ~ text ~ ')', patterns | join('|')) }}
    )
{%- endmacro %}


{% macro has_control_character(text) -%}
    {{ return(adapter.dispatch('has_control_character')(text)) }}
{%- endmacro %}

{% macro duckdb__has_control_character(text) -%}
    regexp_matches({{ text }}, '[\x00-\x1F\x7F-\x9F]')
{%- endmacro %}

{% macro spark__has_control_character(text) -%}
    {{ text }} rlike {{ sql_literal('[\\x00-\\x1F\\x7F-\\x9F]') }}
{%- endmacro %}


{#- The text without any of the characters, wherever they stand. -#}
{% macro without(text, characters) -%}
    translate({{ text }}, {{ sql_literal(characters) }}, '')
{%- endmacro %}


{#- A text that is equal for spellings which differ only in case, in the form of letters (one sign, or a letter and an accent;
    of full width) or in blanks. What cannot be seen is left out, and so is every kind of blank, but for one between digits:
    10 1 is not 101. -#}
{% macro alike_text(text) -%}
    {%- set blanks = '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t' -%}
    {%- set spaced -%}
        regexp_replace(translate({{ text }}, {{ sql_literal(blanks ~ wide_characters() ~ unseen_characters()) }}, {{ sql_literal(' ' * blanks | length ~ narrow_characters()) }}), ' +', ' '{{ global_flag() }})
    {%- endset -%}
    {%- set joined -%}
        case when {{ matches(spaced, '.*[0-9] [0-9].*') }} then {{ spaced }} else replace({{ spaced }}, ' ', '') end
    {%- endset -%}
    {{ in_one_form('replace(translate(lower(' ~ joined ~ "), 'ς', 'σ'), 'ß', 'ss')") }}
{%- endmacro %}

{% macro unseen_characters() %}{% do return('\u00ad\u200b\u200c\u200d\u2060\ufeff') %}{% endmacro %}

{#- Letters, digits and dashes of full width, and others of one look, and those of a keyboard in their place. -#}
{% macro wide_characters() %}
    {% do return('０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ－‐‑İ') %}
{% endmacro %}

{% macro narrow_characters() %}
    {% do return('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz---I') %}
{% endmacro %}


{#- The same of keys, in which leading zeros and blanks do not count either. Most keys are plain and need less. -#}
{% macro alike_key(key) -%}
    case
        when {{ byte_length(key) }} = length({{ key }}) then {{ in_one_form(without_zeros("replace(lower(" ~ key ~ "), ' ', '')"), is_plain=true) }}
        else {{ in_one_form(
            without_zeros('lower(translate(' ~ key ~ ', ' ~ sql_literal(wide_characters() ~ ' \u00a0\u202f' ~ unseen_characters()) ~ ', ' ~ sql_literal(narrow_characters()) ~ '))')
        ) }}
    end
{%- endmacro %}


{#- The text in one Unicode form. Spark has no function for it, but compares by a collation that knows the forms. -#}
{% macro in_one_form(text, is_plain=false) -%}
    {{ return(adapter.dispatch('in_one_form')(text, is_plain)) }}
{%- endmacro %}

{% macro duckdb__in_one_form(text, is_plain) -%}
    {{ text if is_plain else 'nfc_normalize(' ~ text ~ ')' }}
{%- endmacro %}

{% macro spark__in_one_form(text, is_plain) -%}
    collate({{ text }}, 'UNICODE')
{%- endmacro %}


{#- The argument of regexp_replace that replaces every match; Spark does so without it. -#}
{% macro global_flag() -%}
    {{ return(adapter.dispatch('global_flag')()) }}
{%- endmacro %}

{% macro duckdb__global_flag() -%}, 'g'{%- endmacro %}

{% macro spark__global_flag() -%}{%- endmacro %}


{% macro without_zeros(text) -%}
    trim(leading '0' from {{ text }})
{%- endmacro %}
