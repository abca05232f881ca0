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
