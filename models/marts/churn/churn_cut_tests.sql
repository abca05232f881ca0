with tested as (
    select * from {{ ref('int_churn_cuts_tested') }}
),

counted as (
    select * from {{ ref('int_churn_customers_counted') }}
),

withheld as (
    select distinct cut_name from {{ ref('int_churn_cells_withheld') }}
),

compared as (
    select
        tested.*,
        withheld.cut_name is not null as is_withheld
    from tested
    left join withheld on tested.cut_name = withheld.cut_name
),

corrected as (
    {{ benjamini_hochberg('compared', 'is_withheld') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

joined as (
    select
        corrected.cut_name,
        corrected.value_count,
        corrected.customers_count,
        corrected.window_count,
        corrected.tested_count,
        corrected.chi_square,
        corrected.degrees_of_freedom,
        corrected.p_value,
        corrected.q_value,
        corrected.cramers_v,
        corrected.is_small_expected,
        corrected.heterogeneity_p_value,
        counted.unknown_outcome_count,
        counted.joined_in_window_count,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from corrected
    cross join rated_day
    cross join counted
)

select * from joined
