-- Customers and the segments whose rules they meet. Rule segments part all customers (`unassigned` where no segment's
-- rules are all met); segments of the other schemes may overlap or pass a customer over.
with customers as (
    select * from {{ ref('int_customers_described') }}
),

met as (
    {{ evaluate_segment_rules('customers', ref('int_segment_rules_active')) }}
),

unplaced as (
    select
        customers.customer_id,
        'rule' as segment_scheme,
        'unassigned' as segment_code
    from customers
    left join met on customers.customer_id = met.customer_id and met.segment_scheme = 'rule'
    where met.customer_id is null
),

ruled as (
    select customer_id, segment_scheme, segment_code from met
    union all
    select customer_id, segment_scheme, segment_code from unplaced
)

select * from ruled
