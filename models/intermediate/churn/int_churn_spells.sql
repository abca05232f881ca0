-- From when to when each customer was with the bank. Under inactivity, an activity after a completed silence begins a new
-- spell; otherwise a customer has one.
with churned as (
    select * from {{ ref('int_customers_churned') }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

-- no row, and nothing to read below, under another definition
inactivity as (
    select max(as_of.as_of_date) as as_of_date
    from churned
    cross join as_of
    where churned.churn_definition = 'inactivity'
    having count(*) > 0
),

events as (
    select min(first_on) as recorded_from
    from (
        select cast(min(occurred_at) as date) as first_on from {{ ref('int_interactions_conformed') }}
        union all
        select min(purchased_on) as first_on from {{ ref('int_purchases_dated') }}
        where order_count > 0
    ) as first_days
),

active_days as (
    select
        interactions.customer_id,
        cast(interactions.occurred_at as date) as active_on
    from {{ ref('int_interactions_conformed') }} as interactions
    cross join inactivity
    where cast(interactions.occurred_at as date) <= inactivity.as_of_date
    union
    select
        purchases.customer_id,
        purchases.purchased_on as active_on
    from {{ ref('int_purchases_dated') }} as purchases
    cross join inactivity
    where purchases.order_count > 0 and purchases.purchased_on <= inactivity.as_of_date
    union
    select
        customers.customer_id,
        customers.joined_on as active_on
    from customers
    cross join inactivity
    cross join events
    -- joining before activities were recorded says nothing of the silence after it
    where customers.joined_on <= inactivity.as_of_date and customers.joined_on >= events.recorded_from
),

compared as (
    select
        customer_id,
        active_on,
        lag(active_on) over (partition by customer_id order by active_on) as previous_active_on
    from active_days
),

numbered as (
    select
        customer_id,
        active_on,
        sum(case
            when {{ dbt.datediff('previous_active_on', 'active_on', 'day') }} <= {{ number_var('churn_inactivity_days') }} then 0
            else 1
        end) over (partition by customer_id order by active_on rows between unbounded preceding and current row)
            as spell_number
    from compared
),

active_spells as (
    select
        customer_id,
        cast(spell_number as bigint) as spell_number,
        min(active_on) as started_on,
        {{ date_shifted('max(active_on)', number_var('churn_inactivity_days'), 'day') }} as silent_on
    from numbered
    group by customer_id, spell_number
),

spells as (
    select
        active_spells.customer_id,
        active_spells.spell_number,
        active_spells.started_on,
        case when active_spells.silent_on <= inactivity.as_of_date then active_spells.silent_on end as ended_on,
        active_spells.silent_on <= inactivity.as_of_date as is_churn
    from active_spells
    cross join inactivity
    union all
    select
        churned.customer_id,
        1 as spell_number,
        customers.joined_on as started_on,
        churned.ended_on,
        churned.is_churned as is_churn
    from churned
    inner join customers on churned.customer_id = customers.customer_id
    where
        churned.churn_definition <> 'inactivity'
        and churned.is_churned is not null
        -- churn without a date cannot be placed in time
        and (churned.ended_on is not null or not churned.is_churned)
)

select * from spells
