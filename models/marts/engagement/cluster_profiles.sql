with measured as (
    select * from {{ ref('int_clusters_measured') }}
),

described as (
    select * from {{ ref('int_clusters_described') }}
),

strategy_lists as (
    select * from {{ ref('int_segment_strategies_listed') }}
    where segment_scheme = 'cluster'
),

final as (
    select
        measured.cluster_set,
        measured.cluster_code,
        described.cluster_name,
        described.segment_code,
        described.interpretation,
        measured.customers_count,
        measured.customers_share,
        measured.customers_count < {{ number_var('small_cell_size') }} as is_small_cell,
        measured.average_age,
        measured.average_monetary_amount,
        measured.average_frequency_count,
        measured.average_recency_days,
        measured.median_age,
        measured.median_monetary_amount,
        measured.median_frequency_count,
        measured.median_recency_days,
        measured.age_index,
        measured.monetary_index,
        measured.frequency_index,
        measured.recency_index,
        measured.known_outcome_count,
        measured.churned_count,
        cast(measured.churned_count as double) / nullif(measured.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('measured.churned_count', 'measured.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('measured.churned_count', 'measured.known_outcome_count') }} as churn_rate_ci_upper,
        strategy_lists.strategy_code,
        strategy_lists.strategy_name,
        strategy_lists.strategies
    from measured
    inner join described
        on measured.cluster_set = described.cluster_set and measured.cluster_code = described.cluster_code
    left join strategy_lists on described.segment_code = strategy_lists.segment_code
)

select * from final
