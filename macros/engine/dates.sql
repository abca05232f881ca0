{#- First day of the date's month. -#}
{% macro month_start(value) -%}
    cast(date_trunc('month', {{ value }}) as date)
{%- endmacro %}


{#- The date so many days, months or years after a date; before it where the number is negative. -#}
{% macro date_shifted(value, count, unit) -%}
    {{ return(adapter.dispatch('date_shifted')(value, count, unit)) }}
{%- endmacro %}

{% macro default__date_shifted(value, count, unit) -%}
    cast({{ dbt.dateadd(unit, count, value) }} as date)
{%- endmacro %}

{#- dbt-spark goes through seconds, and refuses a null. -#}
{% macro spark__date_shifted(value, count, unit) -%}
    {%- if unit == 'day' -%}
        date_add({{ value }}, cast({{ count }} as int))
    {%- else -%}
        cast(add_months({{ value }}, cast(({{ count }}) * {{ {'month': 1, 'year': 12}[unit] }} as int)) as date)
    {%- endif -%}
{%- endmacro %}
