with measured as (
    select * from {{ ref('int_churn_cuts_measured') }}
),

tested as (
    select * from {{ ref('int_churn_cuts_tested') }}
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
        measured.is_small_expected
    from measured
    inner join tested on measured.cut_name = tested.cut_name
)

select * from joined
