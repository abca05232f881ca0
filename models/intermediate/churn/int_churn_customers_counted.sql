-- How many customers are in the rates that are shown, and how many are not, by reason, in one row.
with rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

spells as (
    select
        customer_id,
        count(*) as spell_count,
        min(started_on) as started_on
    from {{ ref('int_churn_spells') }}
    group by customer_id
),

active as (
    select
        customers.customer_id,
        greatest(contacted.last_contact_on, purchased.last_purchase_on) as last_active_on
    from customers
    left join {{ ref('int_customers_contacted') }} as contacted on customers.customer_id = contacted.customer_id
    left join {{ ref('int_customers_purchased') }} as purchased on customers.customer_id = purchased.customer_id
),

at_risk as (
    select
        count(is_churned) as known_outcome_count,
        count(*) filter (where is_churned is null) as ended_in_window_count
    from observations
),

counted as (
    select
        count(*) filter (
            where churned.is_churned is null and churned.churn_definition <> 'unknown' and not churned.is_future
        ) as unknown_churn_count,
        -- of these, the customers who would be at risk; a window has no observations of them
        count(*) filter (
            where
            rated_day.churn_basis = 'window'
            and churned.is_churned is null
            and not churned.is_future
            and customers.joined_on <= rated_day.observed_on
            and coalesce(churned.ended_on > rated_day.observed_on, true)
        ) as unknown_at_risk_count,
        count(*) filter (where churned.is_churned and churned.churned_on is null) as undated_count,
        count(churned.churned_on) as dated_count,
        -- under inactivity the first activity begins a spell
        count(*) filter (where coalesce(customers.joined_on, spells.started_on) is null) as unknown_joining_count,
        count(*) filter (
            where
            rated_day.churn_basis = 'window'
            and coalesce(customers.joined_on, spells.started_on) > rated_day.observed_on
            and not churned.is_future
        ) as joined_in_window_count,
        count(*) filter (where not churned.is_churned and churned.ended_on is not null)
            as ended_otherwise_count,
        count(*) filter (
            where spells.spell_count > 1 or active.last_active_on > churned.churned_on
        ) as returned_count,
        max(churned.churn_definition) as churn_definition
    from churned
    inner join customers on churned.customer_id = customers.customer_id
    inner join active on churned.customer_id = active.customer_id
    left join spells on churned.customer_id = spells.customer_id
    cross join rated_day
)

select
    at_risk.known_outcome_count,
    at_risk.ended_in_window_count + counted.unknown_at_risk_count as unknown_outcome_count,
    counted.*
from at_risk
cross join counted
