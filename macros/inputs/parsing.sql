{#- The typed value of a text cell, null where the text is not one of the accepted spellings. `raw` is trimmed and
    never empty. The strict patterns stand before each cast because try_cast accepts too much (5.7 as the integer 6,
    0x10, NaN). -#}
{% macro parse_text(kind, raw, delimiter=',') -%}
    {%- if kind == 'integer' -%}
        case
            when {{ matches(raw, '[+-]?[0-9]+([.,]0*)?') }}
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
    {%- elif kind in ('date', 'timestamp') -%}
        cast({{ parse_timestamp(raw, var('date_formats')) }} as {{ kind_type(kind) }})
    {%- else -%}
        case when not ({{ is_formula_like(raw) }}) then {{ raw }} end
    {%- endif -%}
{%- endmacro %}


{#- A comma before three digits may part thousands in a comma-delimited file, so there it is read as a decimal comma
    only where thousands are impossible. -#}
{% macro decimal_comma_pattern(delimiter) %}
    {% do return(
        '[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3}|0,[0-9]{3})' if delimiter == ','
        else '[+-]?[0-9]+,[0-9]+'
    ) %}
{% endmacro %}


{#- Text that a spreadsheet would run: =, +, - or @ in front of something that is no number. -#}
{% macro is_formula_like(raw) -%}
    {{ matches(raw, '[=+@-].*') }} and not {{ matches(raw, '[+-]?[0-9.,]+') }}
{%- endmacro %}


{#- The canonical value of a typed column (Parquet, tables). -#}
{% macro parse_typed(kind, raw, source_type) -%}
    {%- set source_type = source_type | lower -%}
    {%- if kind in ('text', 'city', 'gender') or 'char' in source_type or source_type == 'string' -%}
        {{ parse_text(kind, "nullif(trim(cast(" ~ raw ~ " as " ~ kind_type('text') ~ ")), '')") }}
    {%- elif kind == 'integer' and ('double' in source_type or 'float' in source_type or 'decimal' in source_type) -%}
        case when {{ raw }} = floor({{ raw }}) then try_cast({{ raw }} as {{ kind_type(kind) }}) end
    {%- elif kind == 'number' -%}
        case when isfinite(cast({{ raw }} as double)) then cast({{ raw }} as double) end
    {%- else -%}
        try_cast({{ raw }} as {{ kind_type(kind) }})
    {%- endif -%}
{%- endmacro %}
