-- Whether a customer has churned by a definition, day by day: all of its conditions are met, or any. is_churned is null while too
-- few of them can be judged; changed_on is null where a state has lasted since a day that is not known.
with definitions as (
    select distinct
        churn_definition_code,
        is_all,
        condition_count
    from {{ ref('int_churn_definitions_listed') }}
),

compared as (
    select
        dated.*,
        lag(dated.is_met) over (
            partition by dated.churn_definition_code, dated.condition_number, dated.customer_id order by dated.changed_on nulls first
        ) as was_met
    from {{ ref('int_churn_conditions_dated') }} as dated
    inner join definitions on dated.churn_definition_code = definitions.churn_definition_code
    where definitions.condition_count > 1
),

changes as (
    select
        churn_definition_code,
        customer_id,
        changed_on,
        sum(case when is_met then 1 else 0 end - case when was_met then 1 else 0 end) as met_change,
        sum(case when was_met is null then 1 else 0 end) as known_change
    from compared
    group by churn_definition_code, customer_id, changed_on
),

counted as (
    select
        churn_definition_code,
        customer_id,
        changed_on,
        sum(met_change) over days_so_far as met_count,
        sum(known_change) over days_so_far as known_count
    from changes
    window days_so_far as (
        partition by churn_definition_code, customer_id
        order by changed_on nulls first rows between unbounded preceding and current row
    )
),

judged as (
    select
        counted.churn_definition_code,
        counted.customer_id,
        counted.changed_on,
        case
            when definitions.is_all then case
                when counted.known_count > counted.met_count then false
                when counted.met_count = definitions.condition_count then true
            end
            when counted.met_count > 0 then true
            when counted.known_count = definitions.condition_count then false
        end as is_churned
    from counted
    inner join definitions on counted.churn_definition_code = definitions.churn_definition_code
    union all
    -- most definitions have one condition, of which nothing is to be counted; the table is read again, because a CTE that is
    -- read twice is held in memory
    select
        dated.churn_definition_code,
        dated.customer_id,
        dated.changed_on,
        dated.is_met as is_churned
    from {{ ref('int_churn_conditions_dated') }} as dated
    inner join definitions on dated.churn_definition_code = definitions.churn_definition_code
    where definitions.condition_count = 1
),

numbered as (
    select
        *,
        row_number() over customer_days as state_number,
        lag(is_churned) over customer_days as was_churned
    from judged
    window customer_days as (partition by churn_definition_code, customer_id order by changed_on nulls first)
),

stretches as (
    select
        churn_definition_code,
        customer_id,
        changed_on,
        is_churned,
        lead(changed_on) over customer_days as next_changed_on,
        coalesce(lead(is_churned) over customer_days, false) as is_churn_next,
        lead(true) over customer_days is null as is_latest
    from numbered
    where
        state_number = 1
        or coalesce(cast(is_churned as int), -1) <> coalesce(cast(was_churned as int), -1)
    window customer_days as (partition by churn_definition_code, customer_id order by changed_on nulls first)
)

select * from stretches
