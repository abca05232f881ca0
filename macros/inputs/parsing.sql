{#- The typed value of a text cell, null where the text is not one of the accepted spellings. `raw` is trimmed and
    never empty. The strict patterns stand before each cast because try_cast accepts too much (5.7 as the integer 6,
    0x10, NaN). Text that is a formula, or what a failed calculation or a broken letter left behind, is no text. -#}
{% macro parse_text(kind, raw, delimiter=',') -%}
    {%- if kind == 'integer' -%}
        case
            when {{ matches(raw, '[+-]?[0-9]+([.]0*|' ~ (',0{0,2}|,0{4,}' if delimiter == ',' else ',0*') ~ ')?') }}
                then try_cast(split_part(replace({{ raw }}, ',', '.'), '.', 1) as {{ kind_type(kind) }})
        end
    {%- elif kind in ('number', 'money') -%}
        try_cast(
            case
                when {{ matches(raw, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?') }} then {{ raw }}
                when {{ matches(raw, decimal_comma_pattern(delimiter)) }} then replace({{ raw }}, ',', '.')
                when {{ matches(raw, '[+-]?[0-9]{1,3}([ \u00a0][0-9]{3})+([.,][0-9]+)?') }}
                    then replace(replace(replace({{ raw }}, ' ', ''), chr(160), ''), ',', '.')
            end as {{ kind_type(kind) }}
        )
    {%- elif kind == 'boolean' -%}
        case
            when lower({{ raw }}) in ('1', '1.0', 'true', 't', 'yes', 'y', 'да') then true
            when lower({{ raw }}) in ('0', '0.0', 'false', 'f', 'no', 'n', 'нет') then false
        end
    {%- elif kind == 'gender' -%}
        case
            when lower({{ raw }}) in ('female', 'f', 'woman', 'ж', 'жен', 'женский') then 'female'
            when lower({{ raw }}) in ('male', 'm', 'man', 'м', 'муж', 'мужской') then 'male'
            when lower({{ raw }}) in ('unknown', 'u') then 'unknown'
        end
    {%- elif kind == 'closed_reason' -%}
        case
            when lower({{ raw }}) in ('customer', 'client', 'клиент') then 'customer'
            when lower({{ raw }}) in ('bank', 'банк') then 'bank'
            when lower({{ raw }}) in ('death', 'deceased', 'died', 'смерть') then 'death'
            when lower({{ raw }}) in ('unknown', 'u') then 'unknown'
        end
    {%- elif kind in ('date', 'timestamp') -%}
        cast({{ parse_timestamp(raw, list_var('date_formats')) }} as {{ kind_type(kind) }})
    {%- else -%}
        case
            when {{ is_formula_like(raw) }} then null
            when {{ raw }} in ('nan', 'NaN', 'inf') or contains({{ raw }}, {{ sql_literal('\ufffd') }}) then null
            else {{ raw }}
        end
    {%- endif -%}
{%- endmacro %}


{#- A comma before three digits may part thousands in a comma-delimited file, so there it is read as a decimal comma
    only where thousands are impossible (integers likewise: 42,000 is not 42). -#}
{% macro decimal_comma_pattern(delimiter) %}
    {% do return(
        '[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3}|0,[0-9]{3})' if delimiter == ','
        else '[+-]?[0-9]+,[0-9]+'
    ) %}
{% endmacro %}


{#- Text that a spreadsheet would run: =, +, - or @ in front of something that is no number. Only the first character is
    looked at, because a dot would not match the line breaks that a typed source may hold. -#}
{% macro is_formula_like(raw) -%}
    left({{ raw }}, 1) in ('=', '+', '-', '@') and not {{ matches(raw, '[+-]?[0-9.,]+') }}
{%- endmacro %}


{#- Whether a column of a typed source (Parquet, tables) holds the kind's own values. One that does not is read by its
    text, so that a flag of 2 or a date of 20241301 meets the same patterns as in a text file. -#}
{% macro is_typed_as(kind, source_type) %}
    {% set type = source_type | lower %}
    {% do return({
        'integer': 'int' in type or is_float(type) or 'decimal' in type,
        'number': 'int' in type or is_float(type) or 'decimal' in type,
        'money': 'int' in type or is_float(type) or 'decimal' in type,
        'boolean': type.startswith('bool'),
        'date': 'date' in type or 'timestamp' in type,
        'timestamp': 'date' in type or 'timestamp' in type,
    }.get(kind, false)) %}
{% endmacro %}


{#- NaN is above infinity on both engines. -#}
{% macro is_finite(value) -%}
    abs({{ value }}) < cast('infinity' as double)
{%- endmacro %}


{% macro is_float(source_type) %}
    {% set type = source_type | lower %}
    {% do return('double' in type or 'float' in type or 'real' in type) %}
{% endmacro %}


{#- Whether a text of a typed source needs no closer look, as most do not: it begins with a letter or digit (or what lies
    between the two cases of letters), all of it is ASCII, it ends in nothing blank, and is no failed calculation. The
    cheapest comparisons that say so. -#}
{% macro is_plain(text) -%}
    ({{ text }} >= 'A' and {{ text }} < '{' or {{ text }} >= '0' and {{ text }} < ':')
    and {{ byte_length(text) }} = length({{ text }}) and ascii(substr({{ text }}, -1)) > 32
    and {{ text }} not in ('nan', 'NaN', 'inf')
{%- endmacro %}


{#- Whether a typed source's column is text for a text: it is trimmed and looked at only where it is not plain. -#}
{% macro is_text_for_text(kind, source_type) %}
    {% do return(kind in ('text', 'city') and source_type | lower in ('varchar', 'string', 'text')) %}
{% endmacro %}


{#- The trimmed raw value of a column that typed_raw has read. -#}
{% macro trimmed_raw(kind, raw, source_type) -%}
    {{ 'nullif(' ~ trimmed(raw) ~ ", '')" if is_text_for_text(kind, source_type) else raw }}
{%- endmacro %}


{#- The raw value of a typed column: as it is where its type fits the kind, or where it is text for a text (see
    trimmed_raw), else its trimmed text, null for a blank. -#}
{% macro typed_raw(kind, column, source_type) -%}
    {%- set text = 'cast(' ~ column ~ ' as ' ~ kind_type('text') ~ ')' -%}
    {%- if is_typed_as(kind, source_type) or is_text_for_text(kind, source_type) -%}
        {{ column }}
    {%- elif is_float(source_type) -%}
        {#- a column of whole keys with a gap in it becomes a float: 42.0 is the key 42 -#}
        case
            when {{ is_finite(column) }} and {{ column }} = floor({{ column }}) and abs({{ column }}) < 1e15
                then {{ whole_text(column) }}
            else {{ text }}
        end
    {%- else -%}
        nullif({{ trimmed(text) }}, '')
    {%- endif -%}
{%- endmacro %}


{#- The canonical value of a typed column's raw value. -#}
{% macro parse_typed(kind, raw, source_type) -%}
    {%- if is_text_for_text(kind, source_type) -%}
        case
            when {{ is_plain(raw) }} then {{ raw }}
            else {{ parse_text(kind, trimmed_raw(kind, raw, source_type)) }}
        end
    {%- elif not is_typed_as(kind, source_type) -%}
        {{ parse_text(kind, raw) }}
    {%- elif kind == 'integer' and 'int' not in source_type | lower -%}
        case when {{ raw }} = floor({{ raw }}) then try_cast({{ raw }} as {{ kind_type(kind) }}) end
    {%- elif kind == 'number' -%}
        case when {{ is_finite('try_cast(' ~ raw ~ ' as double)') }} then try_cast({{ raw }} as double) end
    {%- elif 'with time zone' in source_type | lower -%}
        {#- else the day would hang on the time zone of the machine -#}
        cast({{ raw }} at time zone 'UTC' as {{ kind_type(kind) }})
    {%- else -%}
        try_cast({{ raw }} as {{ kind_type(kind) }})
    {%- endif -%}
{%- endmacro %}
