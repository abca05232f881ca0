-- Who of the confirmation sample is in which portrait: the tests of portraits read no more.
with listed as (
    select * from {{ ref('int_churn_portraits_listed') }}
),

sampled as (
    select * from {{ ref('int_churn_confirmation_sampled') }}
),

members as (
    select listed.*
    from listed
    inner join sampled on listed.customer_id = sampled.customer_id
)

select * from members
