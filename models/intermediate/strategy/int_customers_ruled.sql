-- The rule segment of each customer; `unassigned` where no segment's rules are all met.
with customers as (
    select * from {{ ref('int_customers_profiled') }}
),

met as (
    {{ evaluate_segment_rules('customers', ref('segment_rules')) }}
),

ruled as (
    select
        customers.customer_id,
        coalesce(met.segment_code, 'unassigned') as segment_code
    from customers
    left join met on customers.customer_id = met.customer_id and met.segment_scheme = 'rule'
)

select * from ruled
