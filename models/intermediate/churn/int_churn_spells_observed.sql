-- From when to when each spell is at risk of a churn that would be counted: on the days after entered_on, up to exited_on.
-- Closings are counted after the day that int_closings_recorded names, so a customer who joined earlier enters on that day
-- (delayed entry), and a spell that ended by then takes no part. Empty where the extract has no dates of joining or closing, or
-- lacks those of many churned customers: without them rates would be too low.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with spells as (
    select * from {{ ref('int_churn_spells') }}
    where started_on is not null
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

recorded as (
    select * from {{ ref('int_closings_recorded') }}
    where recorded_after is not null
),

dated as (
    select {{ is_churn_dated() }} as is_dated from {{ ref('int_customers_churned') }}
),

observed as (
    select
        spells.customer_id,
        spells.spell_number,
        -- a later spell stays in the cohort of the customer, and enters when it begins
        least(
            coalesce(customers.joined_on, spells.started_on), min(spells.started_on) over (partition by spells.customer_id)
        ) as joined_on,
        greatest(spells.started_on, recorded.recorded_after) as entered_on,
        coalesce(spells.ended_on, as_of.as_of_date) as exited_on,
        spells.is_churn as is_churned
    from spells
    inner join customers on spells.customer_id = customers.customer_id
    cross join recorded
    cross join as_of
    inner join dated on dated.is_dated
    where coalesce(spells.ended_on > recorded.recorded_after, true)
)

select * from observed
where entered_on <= exited_on
