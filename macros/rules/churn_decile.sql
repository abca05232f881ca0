{#- One more than the tenths of the customers of a basis with a lower churn_probability, so that equal ones share a decile; 10 is the
    highest. -#}
{% macro churn_decile() -%}
    cast(1 + floor(
        10.0 * (rank() over (partition by churn_basis order by churn_probability) - 1)
        / count(*) over (partition by churn_basis)
    ) as bigint)
{%- endmacro %}
