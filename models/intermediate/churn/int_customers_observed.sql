-- From when to when each dated customer is under observation. The extract knows of leavers only since the first closing
-- that it records, so a customer who joined earlier comes under observation at that day (delayed entry), not on joining.
-- Empty where the extract has no dates of joining or leaving.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

first_closing as (
    select min(churned_on) as observed_from from churned
),

observed as (
    select
        customers.customer_id,
        customers.joined_on,
        greatest(customers.joined_on, first_closing.observed_from) as entered_on,
        coalesce(churned.churned_on, as_of.as_of_date) as exited_on,
        churned.churned_on is not null as is_churned
    from customers
    inner join churned on customers.customer_id = churned.customer_id
    cross join first_closing
    cross join as_of
    where
        customers.joined_on is not null
        and churned.is_churned is not null
        -- a leaver without a date cannot be placed in time
        and (churned.churned_on is not null or not churned.is_churned)
        and first_closing.observed_from is not null
)

select * from observed
where entered_on <= exited_on
