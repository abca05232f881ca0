{#- All rows and columns of `relation` with a q-value (Benjamini and Hochberg 1995) within each family of p_value; rows
    without a p-value are no member of the family. Rows that are withheld on publication are a family of their own, since a
    p-value of one could be read off the q-values of others. -#}
{% macro benjamini_hochberg(relation, family, q_value='q_value') -%}
    select
        {{ relation }}_stepped.*,
        min(stepped_p_value) over (
            partition by {{ family }}, p_value is null order by p_value desc
        ) as {{ q_value }}
    from (
        select
            *,
            -- never above 1 once stepped: the largest p-value stands for itself
            p_value * count(p_value) over (partition by {{ family }})
            / nullif(count(p_value) over (partition by {{ family }} order by p_value nulls last), 0) as stepped_p_value
        from {{ relation }}
    ) as {{ relation }}_stepped
{%- endmacro %}
