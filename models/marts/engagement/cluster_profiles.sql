with measured as (
    select * from {{ ref('int_clusters_measured') }}
),

described as (
    select * from {{ ref('int_clusters_described') }}
),

-- the cluster on the day of the observation, and what followed
observed as (
    select
        'customers' as cluster_set,
        cluster_code,
        count(is_churned) as known_outcome_count,
        count(*) filter (where is_churned) as churned_count
    from {{ ref('int_clusters_observed') }}
    where is_rated
    group by cluster_code
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
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
        coalesce(observed.known_outcome_count, 0) as known_outcome_count,
        coalesce(observed.churned_count, 0) as churned_count,
        cast(observed.churned_count as double) / nullif(observed.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('observed.churned_count', 'observed.known_outcome_count') }} as churn_rate_ci_upper,
        {{ churn_period_columns('rated_day') | indent(4) }},
        strategy_lists.strategy_code,
        strategy_lists.strategy_name,
        strategy_lists.strategies
    from measured
    cross join rated_day
    inner join described
        on measured.cluster_set = described.cluster_set and measured.cluster_code = described.cluster_code
    left join observed
        on measured.cluster_set = observed.cluster_set and measured.cluster_code = observed.cluster_code
    left join strategy_lists on described.segment_code = strategy_lists.segment_code
)

select * from final
