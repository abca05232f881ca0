with tested as (
    select * from {{ ref('int_churn_cuts_tested') }}
),

counted as (
    select * from {{ ref('int_churn_customers_counted') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

joined as (
    select
        tested.cut_name,
        tested.value_count,
        tested.customers_count,
        tested.window_count,
        tested.tested_count,
        tested.chi_square,
        tested.degrees_of_freedom,
        tested.p_value,
        tested.q_value,
        tested.cramers_v,
        tested.is_small_expected,
        tested.heterogeneity_p_value,
        counted.unknown_outcome_count,
        counted.joined_in_window_count,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from tested
    cross join rated_day
    cross join counted
)

select * from joined
