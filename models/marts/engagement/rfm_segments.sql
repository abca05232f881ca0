with scored as (
    select * from {{ ref('int_customers_scored') }}
),

segments as (
    select * from {{ ref('segments') }}
    where segment_scheme = 'rfm'
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

counted as (
    select
        scored.rfm_scheme,
        scored.rfm_segment,
        count(*) as customers_count,
        {{ exact_average('scored.recency_days') }} as average_recency_days,
        {{ exact_average('scored.frequency_count') }} as average_frequency_count,
        {{ exact_average('scored.monetary_amount') }} as average_monetary_amount,
        cast(coalesce(sum(scored.monetary_amount), 0) as decimal(18, 2)) as total_monetary_amount,
        count(churned.is_churned) as known_outcome_count,
        count(*) filter (where churned.is_churned) as churned_count
    from scored
    inner join churned on scored.customer_id = churned.customer_id
    group by scored.rfm_scheme, scored.rfm_segment
),

final as (
    select
        counted.rfm_scheme,
        counted.rfm_segment,
        segments.segment_name as rfm_segment_name,
        segments.reading,
        counted.customers_count,
        cast(counted.customers_count as double)
        / sum(counted.customers_count) over (partition by counted.rfm_scheme) as customers_share,
        counted.average_recency_days,
        counted.average_frequency_count,
        counted.average_monetary_amount,
        counted.total_monetary_amount,
        counted.known_outcome_count,
        counted.churned_count,
        cast(counted.churned_count as double) / nullif(counted.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_upper
    from counted
    left join segments on counted.rfm_segment = segments.segment_code
)

select * from final
