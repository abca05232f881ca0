with scored as (
    select * from {{ ref('int_customers_scored') }}
),

final as (
    select
        rfm_scheme,
        customer_id,
        as_of_date,
        cast(recency_days as bigint) as recency_days,
        cast(frequency_count as bigint) as frequency_count,
        cast(monetary_amount as decimal(18, 2)) as monetary_amount,
        cast(recency_score as bigint) as recency_score,
        cast(frequency_score as bigint) as frequency_score,
        cast(monetary_score as bigint) as monetary_score,
        rfm_score,
        rfm_segment
    from scored
)

select * from final
