-- Each definition of churn on the as-of date: how many customers it can judge, how many of them have churned, and the balance of the
-- others. A difference between definitions is not an effect: they answer different questions.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with listed as (
    select * from {{ ref('int_churn_definitions_listed') }}
),

chosen as (
    select * from {{ ref('int_churn_definition_chosen') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

-- neither customers who had not joined, nor those who died or were closed by the bank
portfolio as (
    select customer_id from {{ ref('int_customers_churned') }}
    where not is_future and not is_ended_otherwise
),

dated as (
    select * from {{ ref('int_churn_definitions_dated') }}
    where is_latest and is_churned is not null
),

judged as (
    select
        dated.churn_definition_code,
        dated.is_churned,
        dated.changed_on,
        customers.balance
    from dated
    inner join portfolio on dated.customer_id = portfolio.customer_id
    inner join customers on dated.customer_id = customers.customer_id
),

counted as (
    select
        churn_definition_code,
        count(*) as known_outcome_count,
        count(*) filter (where is_churned) as churned_count,
        count(*) filter (where is_churned and changed_on is null) as undated_count,
        cast(sum(case when not is_churned then balance end) as decimal(18, 2)) as remaining_balance_amount
    from judged
    group by churn_definition_code
),

definitions as (
    select
        churn_definition_code,
        case
            when bool_and(is_all) then {{ dbt.listagg('condition_label', "' and '", 'order by condition_number') }}
            else {{ dbt.listagg('condition_label', "' or '", 'order by condition_number') }}
        end as definition_name,
        bool_or(can_return) as can_return
    from listed
    group by churn_definition_code
),

compared as (
    select
        definitions.churn_definition_code,
        definitions.definition_name,
        definitions.churn_definition_code = chosen.churn_definition as is_primary,
        as_of.as_of_date,
        coalesce(counted.known_outcome_count, 0) as known_outcome_count,
        coalesce(counted.churned_count, 0) as churned_count,
        cast(counted.churned_count as double) / counted.known_outcome_count as churn_rate,
        {{ wilson_lower('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('counted.churned_count', 'counted.known_outcome_count') }} as churn_rate_ci_upper,
        counted.remaining_balance_amount,
        -- without a day for nearly every churn it describes customers, and cannot be predicted
        counted.churned_count > counted.undated_count
        and (definitions.can_return or counted.undated_count <= {{ maximum_undated_share() }} * counted.churned_count) as is_dated
    from definitions
    cross join chosen
    cross join as_of
    left join counted on definitions.churn_definition_code = counted.churn_definition_code
)

select * from compared
