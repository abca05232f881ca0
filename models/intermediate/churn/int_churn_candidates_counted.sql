-- Everybody who meets a candidate's rules, counted in both halves, with what those who are still here hold.
with customers as (
    select * from {{ ref('int_customers_described') }}
),

met as (
    {{ evaluate_segment_rules('customers', ref('int_churn_candidate_rules_listed')) }}
),

counted as (
    select
        met.segment_code,
        count(*) as customers_count,
        count(*) filter (where not coalesce(customers.is_churned, false)) as remaining_count,
        cast(coalesce(
            sum(customers.balance) filter (where not coalesce(customers.is_churned, false)), 0
        ) as decimal(18, 2)) as value_held_amount,
        count(customers.is_churned) filter (where customers.is_discovery) as discovery_count,
        count(*) filter (where customers.is_discovery and customers.is_churned) as discovery_churned_count,
        count(customers.is_churned) filter (where not customers.is_discovery) as confirmation_count,
        count(*) filter (where not customers.is_discovery and customers.is_churned) as confirmation_churned_count
    from met
    inner join customers on met.customer_id = customers.customer_id
    group by met.segment_code
)

select * from counted
