-- Customers and churned customers of each value of a cut in each window that tests read, beside all that the cut counts.
with exclusive_strata as (
    select * from {{ ref('int_churn_strata_counted') }}
),

product_strata as (
    select * from {{ ref('int_churn_product_strata_counted') }}
),

exclusive as (
    select
        cut_name,
        cut_value,
        window_number,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count
    from exclusive_strata
    group by cut_name, cut_value, window_number
),

products as (
    select
        product_code,
        window_number,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count
    from product_strata
    group by product_code, window_number
),

cuts as (
    select * from {{ ref('int_churn_cuts_listed') }}
),

counted as (
    select
        exclusive.*,
        cuts.cut_count > 1 as is_crossed,
        cast(sum(customers_count) over (partition by exclusive.cut_name, window_number) as bigint) as portfolio_count,
        cast(sum(churned_count) over (partition by exclusive.cut_name, window_number) as bigint) as portfolio_churned_count
    from exclusive
    inner join cuts on exclusive.cut_name = cuts.cut_name
    union all
    -- a customer may hold several products, so these do not add up
    select
        'product_code' as cut_name,
        products.product_code as cut_value,
        products.window_number,
        products.customers_count,
        products.churned_count,
        false as is_crossed,
        everybody.customers_count as portfolio_count,
        everybody.churned_count as portfolio_churned_count
    from products
    inner join products as everybody on products.window_number = everybody.window_number and everybody.product_code is null
    where products.product_code is not null
)

select * from counted
