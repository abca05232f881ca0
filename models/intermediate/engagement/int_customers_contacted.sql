with interactions as (
    select * from {{ ref('int_interactions_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

contacted as (
    select
        customer_id,
        cast(max(occurred_at) as date) as last_contact_on,
        count(*) as contact_count
    from interactions
    cross join as_of
    where cast(occurred_at as date) <= as_of_date
    group by customer_id
)

select * from contacted
