with measured as (
    select * from {{ ref('int_churn_cuts_measured') }}
),

tested as (
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
        measured.cut_name,
        measured.value_count,
        measured.customers_count,
        measured.chi_square,
        measured.degrees_of_freedom,
        tested.p_value,
        tested.q_value,
        measured.cramers_v,
        measured.is_small_expected,
        counted.unknown_outcome_count,
        counted.joined_in_window_count,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from measured
    cross join rated_day
    cross join counted
    inner join tested on measured.cut_name = tested.cut_name
)

select * from joined
