with scored as (
    select * from {{ ref('int_customers_scored') }}
),

segments as (
    select * from {{ ref('segments') }}
    where segment_scheme = 'rfm'
),

-- the segment on the day of the observation, and what followed
observed as (
    select
        rfm_scheme,
        rfm_segment,
        count(is_churned) as known_outcome_count,
        count(*) filter (where is_churned) as churned_count
    from {{ ref('int_rfm_observed') }}
    where is_rated
    group by rfm_scheme, rfm_segment
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

counted as (
    select
        scored.rfm_scheme,
        scored.rfm_segment,
        count(*) as customers_count,
        {{ exact_average('scored.recency_days') }} as average_recency_days,
        {{ exact_average('scored.frequency_count') }} as average_frequency_count,
        {{ exact_average('scored.monetary_amount') }} as average_monetary_amount,
        cast(coalesce(sum(scored.monetary_amount), 0) as decimal(18, 2)) as total_monetary_amount
    from scored
    group by scored.rfm_scheme, scored.rfm_segment
),

final as (
    select
        coalesce(counted.rfm_scheme, observed.rfm_scheme) as rfm_scheme,
        coalesce(counted.rfm_segment, observed.rfm_segment) as rfm_segment,
        segments.segment_name as rfm_segment_name,
        segments.reading,
        coalesce(counted.customers_count, 0) as customers_count,
        cast(coalesce(counted.customers_count, 0) as double) / sum(counted.customers_count) over (
            partition by coalesce(counted.rfm_scheme, observed.rfm_scheme)
        ) as customers_share,
        counted.average_recency_days,
        counted.average_frequency_count,
        counted.average_monetary_amount,
        cast(coalesce(counted.total_monetary_amount, 0) as decimal(18, 2)) as total_monetary_amount,
        coalesce(observed.known_outcome_count, 0) as known_outcome_count,
        coalesce(observed.churned_count, 0) as churned_count,
        cast(observed.churned_count as double) / nullif(observed.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_upper,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from counted
    -- a segment may have had members when the window opened and none today
    full outer join observed
        on counted.rfm_scheme = observed.rfm_scheme and counted.rfm_segment = observed.rfm_segment
    cross join rated_day
    left join segments on coalesce(counted.rfm_segment, observed.rfm_segment) = segments.segment_code
)

select * from final
