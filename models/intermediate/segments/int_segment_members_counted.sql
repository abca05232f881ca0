-- The members of the segments of every scheme on the as-of date, those that have churned among them, and the money that current
-- members hold.
with memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis in ('current', 'former')
),

customers as (
    select * from {{ ref('int_customers_profiled') }}
),

counted as (
    select
        memberships.segment_scheme,
        memberships.segment_code,
        count(*) as customers_count,
        count(*) filter (where memberships.churn_basis = 'current') as remaining_count,
        count(*) filter (where customers.gender = 'female') as women_count,
        count(*) filter (where customers.has_credit_card) as credit_card_count,
        cast(sum(customers.balance) filter (where memberships.churn_basis = 'current') as decimal(18, 2)) as value_held_amount
    from memberships
    inner join customers on memberships.customer_id = customers.customer_id
    group by memberships.segment_scheme, memberships.segment_code
)

select * from counted
