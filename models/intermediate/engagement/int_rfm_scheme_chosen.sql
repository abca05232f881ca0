-- The RFM scheme of strategies and clusters: var rfm_scheme, else the one whose events most customers have.
with counted as (
    select
        'interactions' as entity_name,
        count(*) as customers_count
    from {{ ref('int_customers_contacted') }}
    union all
    select
        'transactions' as entity_name,
        count(*) filter (where purchase_count > 0) as customers_count
    from {{ ref('int_customers_purchased') }}
),

schemes as (
    select
        rfm_scheme,
        entity_name
    from {{ ref('rfm_schemes') }}
    where
        measure = 'frequency'
        {%- if var('rfm_scheme') is not none %}
        and rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}
        {%- endif %}
),

chosen as (
    select schemes.rfm_scheme
    from schemes
    inner join counted on schemes.entity_name = counted.entity_name
    qualify row_number() over (order by counted.customers_count desc, schemes.rfm_scheme asc) = 1
)

select * from chosen
