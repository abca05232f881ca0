-- The one definition of churn. The best source that the extract carries speaks for all of its customers: a supplied
-- flag; else the closing date; else silence for churn_inactivity_days; else nobody knows.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

contacted as (
    select * from {{ ref('int_customers_contacted') }}
),

purchased as (
    select * from {{ ref('int_customers_purchased') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

seen as (
    select
        customers.customer_id,
        customers.is_churned,
        customers.closed_on,
        customers.joined_on,
        -- greatest() skips nulls on both engines
        greatest(contacted.last_contact_on, purchased.last_purchase_on) as last_active_on
    from customers
    left join contacted on customers.customer_id = contacted.customer_id
    left join purchased on customers.customer_id = purchased.customer_id
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
        seen.closed_on,
        seen.joined_on,
        as_of.as_of_date,
        case
            when carried.has_flag then 'supplied_flag'
            when carried.has_closing_date then 'closing_date'
            when carried.has_activity then 'inactivity'
            else 'unknown'
        end as churn_definition,
        carried.has_closing_date,
        coalesce(seen.last_active_on, seen.joined_on) as last_seen_on
    from seen
    cross join carried
    cross join as_of
),

defined as (
    select
        customer_id,
        case
            -- on an as-of date in the past, whoever joined later is not in the portfolio yet
            when joined_on > as_of_date then null
            when churn_definition = 'supplied_flag' then is_churned
            when churn_definition = 'closing_date' then coalesce(closed_on <= as_of_date, false)
            when churn_definition = 'inactivity' then coalesce(
                {{ dbt.datediff('last_seen_on', 'as_of_date', 'day') }} >= {{ number_var('churn_inactivity_days') }}, true
            )
        end as is_churned,
        case churn_definition
            when 'closing_date' then case when closed_on <= as_of_date then closed_on end
            when 'supplied_flag' then case when is_churned then closed_on end
            when 'inactivity' then case
                when {{ dbt.datediff('last_seen_on', 'as_of_date', 'day') }} >= {{ number_var('churn_inactivity_days') }}
                    then {{ date_shifted('last_seen_on', number_var('churn_inactivity_days'), 'day') }}
            end
        end as churned_on,
        churn_definition,
        -- a flag without dates describes one moment: nothing in the row is known to precede it
        churn_definition = 'supplied_flag' and not has_closing_date as is_descriptive_only
    from last_seen
)

select * from defined
