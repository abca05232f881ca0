-- The one definition of churn, on the as-of date. The best source that the extract has is used for all of its customers: a
-- supplied flag; else the closing date; else silence for churn_inactivity_days; else churn is unknown.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

-- no row, and no event to read below, where a flag or a closing date says more
without_dates as (
    select count(*) as customers_count from customers
    having count(is_churned) = 0 and count(closed_on) = 0
),

active_days as (
    select
        interactions.customer_id,
        cast(min(interactions.occurred_at) as date) as first_on,
        cast(max(interactions.occurred_at) as date) as active_on
    from {{ ref('int_interactions_conformed') }} as interactions
    cross join without_dates
    cross join as_of
    where cast(interactions.occurred_at as date) <= as_of.as_of_date
    group by interactions.customer_id
    union all
    select
        purchases.customer_id,
        min(purchases.purchased_on) as first_on,
        max(purchases.purchased_on) as active_on
    from {{ ref('int_purchases_dated') }} as purchases
    cross join without_dates
    cross join as_of
    where purchases.order_count > 0 and purchases.purchased_on <= as_of.as_of_date
    group by purchases.customer_id
),

last_active as (
    select
        customer_id,
        max(active_on) as last_active_on
    from active_days
    group by customer_id
),

events as (
    select min(first_on) as recorded_from from active_days
),

seen as (
    select
        customers.customer_id,
        customers.is_churned,
        customers.closed_on,
        -- death and closing by the bank end the relationship without churn
        coalesce(customers.closed_reason in ('death', 'bank'), false) as is_ended_otherwise,
        customers.joined_on,
        last_active.last_active_on
    from customers
    left join last_active on customers.customer_id = last_active.customer_id
),

carried as (
    select
        count(is_churned) > 0 as has_flag,
        count(closed_on) > 0 as has_closing_date,
        count(last_active_on) > 0 as has_activity
    from seen
),

last_seen as (
    select
        seen.customer_id,
        seen.is_churned,
        case when seen.closed_on <= as_of.as_of_date then seen.closed_on end as closed_on,
        coalesce(seen.closed_on > as_of.as_of_date, false) as closes_later,
        coalesce(seen.is_ended_otherwise and seen.closed_on <= as_of.as_of_date, false) as is_ended_otherwise,
        seen.joined_on,
        as_of.as_of_date,
        case
            when carried.has_flag then 'supplied_flag'
            when carried.has_closing_date then 'closing_date'
            when carried.has_activity then 'inactivity'
            else 'unknown'
        end as churn_definition,
        coalesce(seen.last_active_on, seen.joined_on) as last_seen_on,
        -- a silence that began before activities were recorded ended on a day that is not known
        coalesce(seen.last_active_on is not null or seen.joined_on >= events.recorded_from, false) as is_silence_dated
    from seen
    cross join carried
    cross join events
    cross join as_of
),

defined as (
    select
        customer_id,
        case
            -- a customer who joined after an as-of date in the past is not in the portfolio yet
            when joined_on > as_of_date then null
            when is_ended_otherwise then false
            -- on an as-of date in the past the flag is not known yet; a blank one does not hide a closing
            when churn_definition = 'supplied_flag' then case
                when closes_later then false
                else coalesce(is_churned, case when closed_on is not null then true end)
            end
            when churn_definition = 'closing_date' then closed_on is not null
            when churn_definition = 'inactivity' then coalesce(
                {{ dbt.datediff('last_seen_on', 'as_of_date', 'day') }} >= {{ number_var('churn_inactivity_days') }}, true
            )
        end as is_churned,
        case
            when churn_definition = 'inactivity' then case
                when
                    is_silence_dated
                    and {{ dbt.datediff('last_seen_on', 'as_of_date', 'day') }} >= {{ number_var('churn_inactivity_days') }}
                    then {{ date_shifted('last_seen_on', number_var('churn_inactivity_days'), 'day') }}
            end
            -- a supplied flag that says retained overrules a closing date
            when is_ended_otherwise or churn_definition = 'closing_date' or coalesce(is_churned, true) then closed_on
        end as ended_on,
        is_ended_otherwise,
        coalesce(joined_on > as_of_date, false) as is_future,
        churn_definition
    from last_seen
),

described as (
    select
        customer_id,
        is_churned,
        case when is_churned then ended_on end as churned_on,
        ended_on,
        -- whom strategies can still retain; a customer whose churn is unknown counts as current
        not coalesce(is_churned, false) and not is_ended_otherwise and not is_future as is_current,
        is_future,
        churn_definition
    from defined
)

select * from described
