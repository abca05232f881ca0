{#- Every bound of the project is half-open: lower included, upper not; an empty bound is no bound. -#}
{% macro is_within(value, lower, upper) -%}
    ({{ lower }} is null or {{ value }} >= {{ lower }}) and ({{ upper }} is null or {{ value }} < {{ upper }})
{%- endmacro %}


{#- The label of whole-number bounds, as people say them: 18-26, 60+, up to 42, 4. -#}
{% macro bounds_label(lower, upper) -%}
    case
        when {{ lower }} is null and {{ upper }} is null then 'any'
        when {{ upper }} is null then {{ whole_text(lower) }} || '+'
        when {{ lower }} is null then 'up to ' || {{ whole_text(upper ~ ' - 1') }}
        when {{ upper }} - {{ lower }} = 1 then {{ whole_text(lower) }}
        else {{ whole_text(lower) }} || '-' || {{ whole_text(upper ~ ' - 1') }}
    end
{%- endmacro %}


{% macro whole_text(value) -%}
    cast(cast({{ value }} as bigint) as {{ kind_type('text') }})
{%- endmacro %}
