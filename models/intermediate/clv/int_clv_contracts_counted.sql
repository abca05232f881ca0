-- How many contracts of each cohort ended at each renewal, and how many were renewed: all that a model of renewals needs.
with observed as (
    select * from {{ ref('int_clv_contracts_observed') }}
),

counted as (
    select
        cohort,
        measured_on,
        renewal_number,
        is_ended,
        count(*) as contract_count
    from observed
    group by cohort, measured_on, renewal_number, is_ended
)

select * from counted
