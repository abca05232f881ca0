-- The tiers of each set and the row of churned customers hold every valued customer once and all of the value, each tier begins
-- where the one below it ends, in the active set current customers are in the tier of their value, and all sets have the
-- same value at risk.
with tiers as (
    select * from {{ ref('clv_tiers') }}
),

customers as (
    select * from {{ ref('clv_customers') }}
),

valued as (
    select
        count(*) as valued_count,
        sum(clv_amount) as valued_amount
    from customers
    -- neither are those who died, were closed by the bank or join later
    where is_current or is_churned
),

summed as (
    select
        tier_set,
        sum(customers_count) as customers_count,
        sum(total_clv_amount) as total_clv_amount,
        sum(value_share) as value_share,
        sum(total_value_at_risk_amount) as value_at_risk
    from tiers
    group by tier_set
),

chained as (
    select
        *,
        lag(upper_bound_amount) over (partition by tier_set order by tier_number) as bound_below,
        count(*) over (partition by tier_set) as tier_count
    from tiers
    where tier_number > 0
),

placed as (
    select
        tiers.clv_tier,
        tiers.customers_count,
        count(customers.customer_id) as placed_count,
        count(*) filter (
            where
                customers.clv_amount < tiers.lower_bound_amount
                or customers.clv_amount >= tiers.upper_bound_amount
        ) as misplaced_count
    from tiers
    left join customers on tiers.clv_tier = customers.clv_tier and customers.is_current
    where tiers.is_active and tiers.tier_number > 0
    group by tiers.clv_tier, tiers.customers_count
),

faults as (
    select 'set ' || summed.tier_set || ' does not add up' as fault
    from summed
    cross join valued
    where
        summed.customers_count <> valued.valued_count
        or summed.total_clv_amount <> valued.valued_amount
        or valued.valued_amount > 0 and abs(summed.value_share - 1) > 1e-9
    union all
    select 'tier ' || clv_tier || ' of ' || tier_set || ' has another lower bound' as fault
    from chained
    where
        tier_number > 1 and (bound_below is null or bound_below <> lower_bound_amount)
        or tier_number = 1 and lower_bound_amount is not null
        or tier_number = tier_count and upper_bound_amount is not null
    union all
    select 'customers are not in the tier ' || clv_tier || ' of their value' as fault
    from placed
    where customers_count <> placed_count or misplaced_count > 0
    union all
    select 'sets differ in their value at risk' as fault
    from summed
    -- each tier is rounded
    having max(value_at_risk) - min(value_at_risk) > 0.05
)

select * from faults
