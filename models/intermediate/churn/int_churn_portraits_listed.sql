-- Who is in which portrait: those who left, those who stayed, and every churn segment that was kept.
with customers as (
    select * from {{ ref('int_customers_described') }}
    where is_churned is not null
),

ruled as (
    select * from {{ ref('int_customers_ruled') }}
    where segment_scheme = 'churn'
),

listed as (
    select
        case when is_churned then 'left' else 'stayed' end as portrait_code,
        customer_id
    from customers
    union all
    select
        ruled.segment_code as portrait_code,
        ruled.customer_id
    from ruled
    inner join customers on ruled.customer_id = customers.customer_id
)

select * from listed
