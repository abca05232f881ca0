{#- First day of the date's month. -#}
{% macro month_start(value) -%}
    cast(date_trunc('month', {{ value }}) as date)
{%- endmacro %}


{#- Calendar months from one date to another, by the months' numbers. -#}
{% macro months_between(from_date, to_date) -%}
    cast(
        12 * (extract(year from {{ to_date }}) - extract(year from {{ from_date }}))
        + extract(month from {{ to_date }}) - extract(month from {{ from_date }}) as bigint
    )
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
