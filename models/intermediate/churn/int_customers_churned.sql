-- Churn on the as-of date by the primary definition (int_churn_definition_chosen), which feeds every mart.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

chosen as (
    select * from {{ ref('int_churn_definition_chosen') }}
),

states as (
    select
        dated.customer_id,
        dated.is_churned,
        dated.changed_on
    from {{ ref('int_churn_definitions_dated') }} as dated
    inner join chosen on dated.churn_definition_code = chosen.churn_definition
    where dated.is_latest
),

seen as (
    select
        customers.customer_id,
        states.is_churned,
        case when states.is_churned then states.changed_on end as changed_on,
        case when customers.closed_on <= as_of.as_of_date then customers.closed_on end as closed_on,
        coalesce({{ ends_otherwise('customers') }} and customers.closed_on <= as_of.as_of_date, false) as is_ended_otherwise,
        -- how long the customer was at risk is not known
        {{ ends_otherwise('customers') }} and customers.closed_on is null as is_ended_undated,
        -- a customer who joined after an as-of date in the past is not in the portfolio yet
        coalesce(customers.joined_on > as_of.as_of_date, false) as is_future,
        chosen.churn_definition,
        chosen.can_return
    from customers
    cross join as_of
    cross join chosen
    left join states on customers.customer_id = states.customer_id
),

defined as (
    select
        customer_id,
        case
            when is_future then null
            when is_ended_otherwise then false
            when is_ended_undated then null
            -- a customer who closes has churned, whatever the definition waits for; a blank flag stays unknown, closed or not: were
            -- closed customers counted and open ones left out, the rate would be too high
            when can_return and closed_on is not null then true
            else is_churned
        end as is_churned,
        case
            when can_return and is_ended_otherwise then closed_on
            when can_return then least(coalesce(changed_on, closed_on), coalesce(closed_on, changed_on))
            -- a supplied flag that says retained overrules a closing date
            when is_ended_otherwise or coalesce(is_churned, true) then closed_on
        end as ended_on,
        is_ended_otherwise,
        is_ended_undated,
        is_future,
        churn_definition,
        can_return
    from seen
),

described as (
    select
        customer_id,
        is_churned,
        case when is_churned then ended_on end as churned_on,
        ended_on,
        -- whom strategies can still retain; a customer whose churn is unknown counts as current until the account is closed
        not coalesce(is_churned, false) and ended_on is null and not is_ended_undated and not is_future as is_current,
        is_future,
        is_ended_otherwise,
        churn_definition,
        can_return
    from defined
)

select * from described
