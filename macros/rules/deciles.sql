{#- One more than the tenths of the rows of a group with a lower value, so that equal values share a decile; 10 is the highest. -#}
{% macro decile_of(value, partition) -%}
    cast(1 + floor(
        10.0 * (rank() over (partition by {{ partition | join(', ') }} order by {{ value }}) - 1)
        / count(*) over (partition by {{ partition | join(', ') }})
    ) as bigint)
{%- endmacro %}
