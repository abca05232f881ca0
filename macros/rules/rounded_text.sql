{#- A number as people read it: whole where `digits` is 0, else with three decimals. -#}
{% macro rounded_text(value, digits) -%}
    case
        when {{ digits }} = 0 then {{ whole_text('round(' ~ value ~ ')') }}
        else cast(cast({{ value }} as decimal(18, 3)) as {{ kind_type('text') }})
    end
{%- endmacro %}
