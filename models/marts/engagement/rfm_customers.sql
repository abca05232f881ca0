with scored as (
    select * from {{ ref('int_customers_scored') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

final as (
    select
        scored.rfm_scheme,
        scored.customer_id,
        scored.as_of_date,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active,
        cast(scored.recency_days as bigint) as recency_days,
        cast(scored.frequency_count as bigint) as frequency_count,
        cast(scored.monetary_amount as decimal(18, 2)) as monetary_amount,
        cast(scored.recency_score as bigint) as recency_score,
        cast(scored.frequency_score as bigint) as frequency_score,
        cast(scored.monetary_score as bigint) as monetary_score,
        scored.rfm_score,
        scored.rfm_segment
    from scored
    left join dimensions on scored.customer_id = dimensions.customer_id
)

select * from final
