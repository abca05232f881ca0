-- What is at stake with each customer to whom a strategy may apply: how likely a current customer is to churn within the planning
-- period, by the customer's own score where there is one, and what the customer brings: the value, or else the balance on
-- which the bank earns a margin. What a churned customer brought is not known any more.
with customers as (
    select * from {{ ref('int_customers_churned') }}
    -- neither those who died or were closed by the bank nor those who join later
    where is_current or is_churned
),

scored as (
    select * from {{ ref('int_churn_scored') }}
    where churn_basis in ('current', 'snapshot')
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

described as (
    select
        customers.customer_id,
        customers.is_current,
        case
            when customers.is_current then {{ planning_rate('scored.churn_probability', 'rated_day.window_days') }}
        end as churn_probability,
        case when customers.is_current then valued.clv_amount end as clv_amount,
        case when customers.is_current then profiled.balance end as balance
    from customers
    cross join rated_day
    inner join profiled on customers.customer_id = profiled.customer_id
    left join scored on customers.customer_id = scored.customer_id
    left join valued on customers.customer_id = valued.customer_id
)

select * from described
