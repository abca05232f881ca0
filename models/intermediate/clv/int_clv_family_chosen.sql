-- The family that values customers on this extract: var clv_family, else the one that can value most, so that all values are
-- of one kind and tiers compare like with like.
{%- set families = ['policies', 'purchases', 'contracts'] %}

with predicted as (
    select * from {{ ref('int_clv_customers_predicted') }}
    where prediction_basis = 'latest'
),

counted as (
    select
        clv_family,
        count(*) as family_count
    from predicted
    {%- if var('clv_family') is not none %}
    where clv_family = {{ sql_literal(name_var('clv_family', families)) }}
    {%- endif %}
    group by clv_family
),

chosen as (
    select clv_family
    from counted
    qualify row_number() over (
        order by
            family_count desc,
            case clv_family
                {%- for family in families %}
                when '{{ family }}' then {{ loop.index }}
                {%- endfor %}
            end
    ) = 1
)

select * from chosen
