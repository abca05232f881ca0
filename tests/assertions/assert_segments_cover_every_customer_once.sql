-- The segments of each exclusive scheme add up to all customers, and the two strategy marts count the same people.
with customers as (
    select count(*) as customers_count from {{ ref('int_churn_observations') }}
    where churn_basis in ('current', 'former')
),

schemes as (
    select
        segment_scheme,
        sum(customers_count) as customers_count
    from {{ ref('strategy_segments') }}
    -- these may overlap or pass a customer over
    where segment_scheme not in ('churn', 'study', 'clv_tier', 'data_quality')
    group by segment_scheme
),

by_customer as (
    select
        rule_segment_code as segment_code,
        count(*) as customers_count
    from {{ ref('strategy_customers') }}
    group by rule_segment_code
)

select
    schemes.segment_scheme as what,
    schemes.customers_count
from schemes
cross join customers
where schemes.customers_count <> customers.customers_count
union all
select
    by_customer.segment_code as what,
    by_customer.customers_count
from by_customer
left join {{ ref('strategy_segments') }} as segments
    on segments.segment_scheme = 'rule' and by_customer.segment_code = segments.segment_code
where segments.customers_count is null or by_customer.customers_count <> segments.customers_count
