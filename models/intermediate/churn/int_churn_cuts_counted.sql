-- Customers and churned customers of each value of an exclusive cut in each window that tests read.
with strata as (
    select * from {{ ref('int_churn_strata_counted') }}
),

counted as (
    select
        cut_name,
        cut_value,
        window_number,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count
    from strata
    group by cut_name, cut_value, window_number
)

select * from counted
