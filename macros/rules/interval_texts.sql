{#- A number as text, without a fraction where it has none. -#}
{% macro number_text(value) -%}
    case
        when {{ value }} = round({{ value }}) then {{ whole_text(value) }}
        else cast({{ value }} as {{ kind_type('text') }})
    end
{%- endmacro %}


{#- A bound as people read it: the same with separators between thousands. -#}
{% macro bound_text(value) -%}
    case
        when {{ value }} = round({{ value }}) then {{ grouped_text(value) }}
        when abs({{ value }}) >= 1000 then {{ grouped_text(value, 2) }}
        else {{ number_text(value) }}
    end
{%- endmacro %}


{#- A text value as a literal of SQL that is shown to people. -#}
{% macro quoted_text(value) -%}
    chr(39) || replace({{ value }}, chr(39), chr(39) || chr(39)) || chr(39)
{%- endmacro %}


{#- The condition of half-open bounds on a column, for display. -#}
{% macro bounds_predicate(column, lower, upper) -%}
    {{ concat_present([
        column ~ " || ' >= ' || " ~ number_text(lower), column ~ " || ' < ' || " ~ number_text(upper),
    ], ' and ') }}
{%- endmacro %}


{#- The condition of a value on a column, for display: a flag has no value to compare with. -#}
{% macro value_predicate(column, value) -%}
    case
        {%- for flag in customer_features()['flags'] %}
        when {{ column }} = '{{ flag }}' then case when {{ value }} = 'yes' then '' else 'not ' end || '{{ flag }}'
        {%- endfor %}
        else {{ column }} || ' = ' || {{ quoted_text(value) }}
    end
{%- endmacro %}


{#- The label of a feature's value: a flag is there or not, a text has its name. -#}
{% macro value_label(value) -%}
    case
        when features.feature_kind = 'flag' and {{ value }} = 'yes' then features.feature_label
        when features.feature_kind = 'flag' then features.absence_label
        else features.feature_label || ' ' || {{ value }}
    end
{%- endmacro %}


{#- A driver of a score with the customer's value, by the prefix of its columns: a flag has its name or that of its absence, and so
    has what never happened, of a relation of features with a name for absence that is joined by its label. -#}
{% macro driver_text(feature, named) -%}
    case
        when {{ named }}.feature_kind = 'flag' and {{ feature }}_value = 'yes' then {{ feature }}_label
        when {{ named }}.feature_kind = 'flag' and {{ feature }}_value = 'no' then {{ named }}.absence_label
        when {{ named }}.feature_kind <> 'flag' and {{ feature }}_value = 'unknown' then {{ named }}.absence_label
        when {{ matches(feature ~ '_value', '-?[0-9]{4,}') }} then {{ feature }}_label || ' ' || {{ grouped_text(feature ~ '_value') }}
        when {{ matches(feature ~ '_value', '-?[0-9]{4,}[.][0-9]+') }}
            then {{ feature }}_label || ' ' || {{ grouped_text(feature ~ '_value', 2) }}
        else {{ feature }}_label || ' ' || {{ feature }}_value
    end
{%- endmacro %}


{#- A sentence begins with a capital. -#}
{% macro capitalised(text) -%}
    upper(left({{ text }}, 1)) || substr({{ text }}, 2)
{%- endmacro %}


{#- What an interval is called among the cells of its feature; config.meta.cells of churn_intervals has it too. -#}
{% macro interval_name() -%}
    coalesce(value, interval_kind || ' ' || cast(interval_number as {{ kind_type('text') }}))
{%- endmacro %}


{#- The label of half-open bounds: as whole numbers are said (18-26, up to 42) where the column has only these. -#}
{% macro range_label(is_whole_number, lower, upper) -%}
    case
        when {{ is_whole_number }} then {{ bounds_label(lower, upper) }}
        when {{ lower }} is null and {{ upper }} is null then 'any'
        else {{ concat_present([
            "'from ' || " ~ bound_text(lower), "'below ' || " ~ bound_text(upper),
        ], ' to ') }}
    end
{%- endmacro %}


{#- The label of an interval of a feature without the feature: unknown, 0, or its bounds, which may be without a zero that is
    apart. -#}
{% macro interval_label(is_whole_number, has_zero) -%}
    case interval_kind
        when 'missing' then 'unknown'
        when 'zero' then '0'
        when 'other' then 'other'
        else {{ range_label(is_whole_number, 'lower_bound', 'upper_bound') }}
            || case
                when {{ has_zero }} and coalesce(lower_bound, 0) <= 0 and coalesce(upper_bound, 1) > 0 then ', not 0'
                else ''
            end
    end
{%- endmacro %}


{#- A number with a fixed number of decimals, as text. -#}
{% macro decimal_text(value, digits) -%}
    cast(cast({{ value }} as decimal(18, {{ digits }})) as {{ kind_type('text') }})
{%- endmacro %}


{#- A measured value: a share in per cent, a number below a thousand with two decimals, a larger one whole. -#}
{% macro measured_text(value, is_share) -%}
    case
        when {{ is_share }} then {{ percent_text(value) }}
        when abs({{ value }}) < 1000 then {{ decimal_text(value, 2) }}
        else {{ grouped_text(value) }}
    end
{%- endmacro %}


{#- The same with more digits, for two values that would read as one. -#}
{% macro precise_text(value, is_share) -%}
    case when {{ is_share }} then {{ decimal_text('100 * ' ~ value, 4) }} || '%' else {{ decimal_text(value, 4) }} end
{%- endmacro %}


{#- A share as people read it: 41.6%. -#}
{% macro percent_text(share) -%}
    {{ decimal_text('100 * ' ~ share, 1) }} || '%'
{%- endmacro %}


{#- An amount of a sentence, with the currency of the layout where it is known. -#}
{% macro money_text(amount, digits=0) -%}
    {{ grouped_text(amount, digits) }} || coalesce(
        (select ' ' || max(currency_code) from {{ ref('currencies') }} where source_system = {{ sql_literal(var('source_system')) }}), ''
    )
{%- endmacro %}


{#- A value of a kind (see entities.sql) in a profile of its column: numbers with at most two decimals. -#}
{% macro profiled_text(value, kind) -%}
    {%- if kind == 'integer' -%}
        {{ whole_text(value) }}
    {%- elif kind in ('number', 'money') -%}
        case
            when {{ value }} = round({{ value }}) and abs({{ value }}) < 1e15 then {{ whole_text(value) }}
            when abs({{ value }}) < 1e15 then {{ decimal_text(value, 2) }}
            else cast({{ value }} as {{ kind_type('text') }})
        end
    {%- else -%}
        cast(cast({{ value }} as date) as {{ kind_type('text') }})
    {%- endif -%}
{%- endmacro %}
