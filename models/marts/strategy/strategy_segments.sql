-- The segments of every scheme: their members on the as-of date, what followed for those who were members when the outcome
-- window opened, and which strategies suit them.
with counted as (
    select * from {{ ref('int_segment_members_counted') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

rates as (
    select * from {{ ref('int_segment_rates') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

strategy_lists as (
    select * from {{ ref('int_segment_strategies_listed') }}
),

final as (
    select
        coalesce(counted.segment_scheme, rates.segment_scheme) as segment_scheme,
        coalesce(counted.segment_code, rates.segment_code) as segment_code,
        named.segment_name,
        named.reading,
        named.predicate_sql,
        coalesce(named.uses_protected_attribute, false) as uses_protected_attribute,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.remaining_count, 0) as remaining_count,
        coalesce(counted.women_count, 0) as women_count,
        coalesce(counted.credit_card_count, 0) as credit_card_count,
        coalesce(rates.known_outcome_count, 0) as known_outcome_count,
        coalesce(rates.churned_count, 0) as churned_count,
        rates.churn_rate,
        rates.churn_rate_ci_lower,
        rates.churn_rate_ci_upper,
        {{ churn_period_columns('rated_day') | indent(4) }},
        rates.population_stability_index,
        rates.back_test_count,
        rates.back_test_expected_customers,
        rates.back_test_expected_customers_ci_lower,
        rates.back_test_expected_customers_ci_upper,
        rates.back_test_churned_count,
        rates.back_test_ratio,
        strategy_lists.strategy_code,
        strategy_lists.strategy_name,
        strategy_lists.strategies,
        strategy_lists.offers
    from counted
    -- a segment may have had members when the window opened and none today
    full outer join rates
        on counted.segment_scheme = rates.segment_scheme and counted.segment_code = rates.segment_code
    cross join rated_day
    left join named
        on
            coalesce(counted.segment_scheme, rates.segment_scheme) = named.segment_scheme
            and coalesce(counted.segment_code, rates.segment_code) = named.segment_code
    left join strategy_lists
        on
            coalesce(counted.segment_scheme, rates.segment_scheme) = strategy_lists.segment_scheme
            and coalesce(counted.segment_code, rates.segment_code) = strategy_lists.segment_code
)

select * from final
