-- Joins that must not multiply rows, with the counts and the money on both sides.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

ruled as (
    select * from {{ ref('int_customers_ruled') }}
    where segment_scheme = 'rule'
),

rfm as (
    select * from {{ ref('int_customers_rfm') }}
),

scored as (
    select * from {{ ref('int_customers_scored') }}
),

customer_totals as (
    select
        count(*) as left_count,
        sum(balance) as left_amount
    from customers
),

measured as (
    select
        'customers x holdings and dates' as join_name,
        max(left_count) as left_count,
        count(profiled.customer_id) as joined_count,
        max(left_amount) as left_amount,
        sum(profiled.balance) as joined_amount
    from customer_totals
    cross join profiled
    union all
    select
        'customers x segment rules' as join_name,
        max(left_count) as left_count,
        count(ruled.customer_id) as joined_count,
        max(left_amount) as left_amount,
        sum(customers.balance) as joined_amount
    from customer_totals
    cross join ruled
    left join customers on ruled.customer_id = customers.customer_id
    union all
    select
        'rfm x thresholds and grid' as join_name,
        (select count(*) from rfm) as left_count,
        count(scored.customer_id) as joined_count,
        (select sum(monetary_amount) from rfm) as left_amount,
        sum(scored.monetary_amount) as joined_amount
    from scored
),

compared as (
    select
        join_name,
        cast(left_count as bigint) as left_count,
        cast(joined_count as bigint) as joined_count,
        cast(joined_amount as double) / nullif(cast(left_amount as double), 0) as amount_ratio,
        joined_count > left_count as is_fan_out,
        false as is_expected
    from measured
)

select * from compared
