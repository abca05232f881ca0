{#- A number as people read it: whole where `digits` is 0, else with three decimals. -#}
{% macro rounded_text(value, digits) -%}
    case
        when {{ digits }} = 0 then {{ whole_text('round(' ~ value ~ ')') }}
        else cast(cast({{ value }} as decimal(18, 3)) as {{ kind_type('text') }})
    end
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
