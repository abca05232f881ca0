-- From when to when each customer was with the bank. By a definition from which customers can return, the end of a churn begins a
-- new spell; otherwise a customer has one.
with churned as (
    select * from {{ ref('int_customers_churned') }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

-- no row under another definition
with_returns as (
    select distinct churn_definition from churned
    where can_return
),

retained as (
    select
        dated.customer_id,
        coalesce(dated.changed_on, customers.joined_on) as started_on,
        dated.next_changed_on,
        dated.is_churn_next,
        case when customers.closed_on <= as_of.as_of_date then customers.closed_on end as closed_on,
        {{ ends_otherwise('customers') }} as is_closed_otherwise
    from {{ ref('int_churn_definitions_dated') }} as dated
    inner join with_returns on dated.churn_definition_code = with_returns.churn_definition
    inner join customers on dated.customer_id = customers.customer_id
    cross join as_of
    -- of whom only the reason of an end is known, nobody knows how long the customer was at risk
    where not dated.is_churned and not ({{ ends_otherwise('customers') }} and customers.closed_on is null)
),

spells as (
    select
        customer_id,
        row_number() over (partition by customer_id order by started_on) as spell_number,
        started_on,
        least(coalesce(next_changed_on, closed_on), coalesce(closed_on, next_changed_on)) as ended_on,
        case
            when coalesce(closed_on <= next_changed_on, closed_on is not null) then not is_closed_otherwise
            else is_churn_next
        end as is_churn
    from retained
    where started_on < coalesce(closed_on, {{ date_shifted('started_on', 1, 'day') }})
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
        not churned.can_return
        and churned.is_churned is not null
        -- churn without a date cannot be placed in time
        and (churned.ended_on is not null or not churned.is_churned)
)

select * from spells
