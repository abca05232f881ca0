-- Customers whose churn is known, counted once at the finest grain that any cut needs; the cuts add these cells up.
with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

score_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'credit_score'
),

described as (
    select
        profiled.age,
        profiled.city,
        profiled.gender,
        profiled.product_count,
        profiled.property_count,
        profiled.is_active,
        profiled.has_credit_card,
        profiled.has_known_balance,
        {{ band_of('profiled.credit_score', 'score_bands') }} as credit_score_band,
        churned.is_churned
    from profiled
    inner join churned on profiled.customer_id = churned.customer_id
    left join score_bands on {{ is_within('profiled.credit_score', 'score_bands.lower_bound', 'score_bands.upper_bound') }}
    where churned.is_churned is not null
),

counted as (
    select
        age,
        {%- for dimension, value in churn_dimensions().items() %}
        {{ value }} as {{ dimension }},
        {%- endfor %}
        case
            when product_count >= 3 then '3+'
            else coalesce(cast(product_count as {{ kind_type('text') }}), 'unknown')
        end as product_stratum,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from described
    group by all
)

select * from counted
