-- Customers and churned customers of each value of an exclusive cut in each window that tests read. The cells of a cut that are
-- withheld on publication are one value together: what the statistic tells of them is then no more than what the others leave.
with strata as (
    select * from {{ ref('int_churn_strata_counted') }}
),

withheld as (
    select * from {{ ref('int_churn_cells_withheld') }}
),

valued as (
    select
        strata.cut_name,
        case when withheld.cut_name is null then strata.cut_value else 'withheld' end as cut_value,
        strata.window_number,
        strata.customers_count,
        strata.churned_count
    from strata
    left join withheld on strata.cut_name = withheld.cut_name and strata.cut_value = withheld.cut_value
),

counted as (
    select
        cut_name,
        cut_value,
        window_number,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count
    from valued
    group by cut_name, cut_value, window_number
)

select * from counted
