with segmented as (
    select * from {{ ref('int_customers_segmented') }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

strategy_lists as (
    select * from {{ ref('int_segment_strategies_listed') }}
),

counted as (
    select
        segmented.segment_scheme,
        segmented.segment_code,
        count(*) as customers_count,
        count(*) filter (where profiled.gender = 'female') as women_count,
        count(*) filter (where profiled.has_credit_card) as credit_card_count,
        count(churned.is_churned) as known_outcome_count,
        count(*) filter (where churned.is_churned) as churned_count
    from segmented
    inner join profiled on segmented.customer_id = profiled.customer_id
    inner join churned on segmented.customer_id = churned.customer_id
    group by segmented.segment_scheme, segmented.segment_code
),

final as (
    select
        counted.segment_scheme,
        counted.segment_code,
        named.segment_name,
        named.reading,
        named.predicate_sql,
        coalesce(named.uses_protected_attribute, false) as uses_protected_attribute,
        counted.customers_count,
        counted.women_count,
        counted.credit_card_count,
        counted.known_outcome_count,
        counted.churned_count,
        cast(counted.churned_count as double) / nullif(counted.known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_upper,
        strategy_lists.strategy_code,
        strategy_lists.strategy_name,
        strategy_lists.strategies,
        strategy_lists.offers
    from counted
    left join named
        on counted.segment_scheme = named.segment_scheme and counted.segment_code = named.segment_code
    left join strategy_lists
        on counted.segment_scheme = strategy_lists.segment_scheme and counted.segment_code = strategy_lists.segment_code
)

select * from final
