-- A candidate is one tier below the next, has not left, and the change is worth at least what is missing.
with candidates as (
    select * from {{ ref('clv_upgrade_candidates') }}
),

tiers as (
    select * from {{ ref('clv_tiers') }}
    where is_active
),

customers as (
    select * from {{ ref('clv_customers') }}
),

faults as (
    select candidates.*
    from candidates
    inner join tiers on candidates.clv_tier = tiers.clv_tier
    inner join tiers as next_tiers on candidates.next_clv_tier = next_tiers.clv_tier
    inner join customers on candidates.customer_id = customers.customer_id
    where
        next_tiers.tier_number <> tiers.tier_number + 1
        or candidates.clv_tier <> customers.clv_tier
        or candidates.clv_amount + candidates.gain_amount < next_tiers.lower_bound_amount
        or candidates.gap_amount <> next_tiers.lower_bound_amount - candidates.clv_amount
        or candidates.current_value = candidates.changed_value
        or coalesce(customers.is_churned, false)
)

select * from faults
