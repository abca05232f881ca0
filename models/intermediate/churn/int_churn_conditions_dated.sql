-- Whether a customer meets a condition of a churn definition, day by day: one row for each day on which that changes, and a first
-- one for the day from which it can be judged. changed_on is null where a state has lasted since a day that is not known.
-- Nothing after the as-of date is read.
with conditions as (
    select
        *,
        -- a short key for long sorts
        row_number() over (order by churn_definition_code, condition_number) as condition_key
    from {{ ref('int_churn_definitions_listed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots_conformed') }}
),

told_of as (
    select
        -- a flag that never says no tells nothing of the customers without it, and closing dates do
        count(*) filter (where not is_churned) > 0 or count(is_churned) > 0 and count(closed_on) = 0 as has_flags,
        count(closed_on) > 0 as has_closings
    from customers
),

-- the flag and the closing on the as-of date: on one in the past the flag is not known yet
closings as (
    select
        customers.customer_id,
        case
            when customers.is_churned is not null then customers.is_churned and not coalesce(customers.closed_on > as_of.as_of_date, false)
        end as is_flagged,
        customers.closed_on <= as_of.as_of_date and not {{ ends_otherwise('customers') }} as is_closed,
        {{ ends_otherwise('customers') }} as is_ended_otherwise,
        case when customers.closed_on <= as_of.as_of_date then customers.closed_on end as closed_on,
        told_of.has_flags,
        told_of.has_closings
    from customers
    cross join as_of
    cross join told_of
),

told as (
    select
        conditions.churn_kind,
        closings.customer_id,
        closings.closed_on,
        case
            when conditions.churn_kind = 'flag' then closings.is_flagged
            else coalesce(closings.is_closed, false)
                or coalesce(closings.is_flagged and not closings.has_flags and not closings.is_ended_otherwise, false)
        end as is_met
    from (select distinct churn_kind from conditions) as conditions
    inner join closings
        on conditions.churn_kind = 'flag' and closings.has_flags or conditions.churn_kind = 'closed' and closings.has_closings
),

told_changes as (
    select
        churn_kind,
        customer_id,
        cast(null as date) as changed_on,
        is_met and closed_on is null as is_met,
        cast(null as date) as next_changed_on
    from told
    where is_met is not null
    union all
    select
        churn_kind,
        customer_id,
        closed_on as changed_on,
        true as is_met,
        cast(null as date) as next_changed_on
    from told
    where is_met and closed_on is not null
),

-- silence

silences as (
    select distinct window_days from conditions
    where churn_kind = 'inactive'
),

needed as (
    select max(window_days) as window_days from silences
    having count(*) > 0
),

recorded as (
    select min(active_on) as recorded_from
    from (
        select min(cast(occurred_at as date)) as active_on from {{ ref('int_interactions_conformed') }}
        union all
        select min(purchased_on) as active_on from {{ ref('int_purchases_dated') }}
        where order_count > 0
    ) as firsts
    cross join needed
    having count(active_on) > 0
),

-- a day may come twice: two equal days have no silence between them
active_days as (
    select
        interactions.customer_id,
        cast(interactions.occurred_at as date) as active_on
    from {{ ref('int_interactions_conformed') }} as interactions
    cross join needed
    cross join as_of
    where cast(interactions.occurred_at as date) <= as_of.as_of_date
    union all
    select
        purchases.customer_id,
        purchases.purchased_on as active_on
    from {{ ref('int_purchases_dated') }} as purchases
    cross join needed
    cross join as_of
    where purchases.order_count > 0 and purchases.purchased_on <= as_of.as_of_date
    union all
    select
        customers.customer_id,
        customers.joined_on as active_on
    from customers
    cross join as_of
    cross join recorded
    -- joining before activities were recorded says nothing of the silence after it
    where customers.joined_on <= as_of.as_of_date and customers.joined_on >= recorded.recorded_from
),

spaced as (
    select
        customer_id,
        active_on,
        row_number() over (partition by customer_id order by active_on) as day_number,
        lead(active_on) over (partition by customer_id order by active_on) as next_active_on
    from active_days
),

-- each activity with the day on which it would have been a silence ago
awaited as (
    select
        silences.window_days,
        spaced.customer_id,
        spaced.active_on,
        spaced.next_active_on,
        spaced.day_number,
        {{ date_shifted('spaced.active_on', 'cast(silences.window_days as int)', 'day') }} as silent_on,
        coalesce(spaced.next_active_on, {{ date_shifted('as_of.as_of_date', 1, 'day') }}) as broken_on
    from spaced
    cross join silences
    cross join as_of
),

-- the first activities, and those that a silence follows; an activity on the day on which it would be complete breaks it
silenced as (
    select * from awaited
    where day_number = 1 or silent_on < broken_on
),

silent_changes as (
    select
        window_days,
        customer_id,
        active_on as changed_on,
        false as is_met,
        cast(null as date) as next_changed_on
    from silenced
    where day_number = 1
    union all
    select
        window_days,
        customer_id,
        silent_on as changed_on,
        true as is_met,
        next_active_on as next_changed_on
    from silenced
    where silent_on < broken_on
    union all
    select
        window_days,
        customer_id,
        next_active_on as changed_on,
        false as is_met,
        cast(null as date) as next_changed_on
    from silenced
    where silent_on < next_active_on
    union all
    -- without a recorded activity, silent since joining
    select
        silences.window_days,
        customers.customer_id,
        cast(null as date) as changed_on,
        coalesce({{ dbt.datediff('customers.joined_on', 'as_of.as_of_date', 'day') }} >= silences.window_days, true) as is_met,
        cast(null as date) as next_changed_on
    from customers
    cross join silences
    cross join as_of
    cross join recorded
    left join silenced
        on customers.customer_id = silenced.customer_id and silences.window_days = silenced.window_days and silenced.day_number = 1
    where silenced.customer_id is null
),

-- levels: of the balance, of spending over a window, of products held and of policies in force

level_names as (
    select distinct
        level_name,
        case when level_name = 'spending' then window_days end as window_days
    from conditions
    where level_name is not null
),

-- without snapshots the record's balance has lasted since a day that is not known
balances as (
    select
        snapshots.customer_id,
        snapshots.observed_on as level_on,
        cast(snapshots.balance as double) as level_value
    from snapshots
    cross join as_of
    where snapshots.balance is not null and snapshots.observed_on < as_of.as_of_date
    union all
    select
        customers.customer_id,
        as_of.as_of_date as level_on,
        cast(customers.balance as double) as level_value
    from customers
    cross join as_of
    where customers.balance is not null
),

held_changes as (
    select
        'products' as level_name,
        holdings.customer_id,
        coalesce(holdings.opened_on, customers.joined_on, holdings.closed_on, as_of.as_of_date) as level_on,
        1 as level_change
    from {{ ref('int_product_holdings_conformed') }} as holdings
    inner join customers on holdings.customer_id = customers.customer_id
    cross join as_of
    union all
    select
        'products' as level_name,
        customer_id,
        closed_on as level_on,
        -1 as level_change
    from {{ ref('int_product_holdings_conformed') }}
    where closed_on is not null
    union all
    select
        'policies' as level_name,
        customer_id,
        coalesce(starts_on, ends_on) as level_on,
        1 as level_change
    from {{ ref('int_policies_conformed') }}
    where coalesce(starts_on, ends_on) is not null
    union all
    -- a policy is in force on the day on which it ends
    select
        'policies' as level_name,
        customer_id,
        {{ date_shifted('ends_on', 1, 'day') }} as level_on,
        -1 as level_change
    from {{ ref('int_policies_conformed') }}
    where ends_on is not null
),

held_days as (
    select
        held_changes.level_name,
        held_changes.customer_id,
        held_changes.level_on,
        sum(held_changes.level_change) as level_change
    from held_changes
    cross join as_of
    where held_changes.level_on <= as_of.as_of_date
    group by held_changes.level_name, held_changes.customer_id, held_changes.level_on
),

purchases as (
    select
        dated.customer_id,
        dated.purchased_on,
        dated.day_amount,
        level_names.window_days
    from {{ ref('int_purchases_dated') }} as dated
    cross join as_of
    inner join level_names on level_names.level_name = 'spending'
    where dated.purchased_on <= as_of.as_of_date
),

-- a purchase counts from its day until a window later
ends as (
    select 0 as is_over
    union all
    select 1 as is_over
),

spending_changes as (
    select
        purchases.window_days,
        purchases.customer_id,
        case
            when ends.is_over = 0 then purchases.purchased_on
            else {{ date_shifted('purchases.purchased_on', 'cast(purchases.window_days as int)', 'day') }}
        end as changed_on,
        case when ends.is_over = 0 then purchases.day_amount else -purchases.day_amount end as level_change,
        ends.is_over
    from purchases
    cross join ends
),

-- spending is added up on the ends of months and on the as-of date; in other months it stays as it was
spending_months as (
    select
        changes.window_days,
        changes.customer_id,
        least({{ date_shifted(date_shifted(month_start('changes.changed_on'), 1, 'month'), -1, 'day') }}, as_of.as_of_date) as level_on,
        sum(changes.level_change) as level_change,
        max(changes.is_over) as is_over
    from spending_changes as changes
    cross join as_of
    where changes.changed_on <= as_of.as_of_date
    group by changes.window_days, changes.customer_id, level_on
),

spending as (
    select
        window_days,
        customer_id,
        level_on,
        cast(sum(level_change) over months_so_far as double) as level_value,
        -- once a whole window of it is known
        max(is_over) over months_so_far = 1 as is_known
    from spending_months
    window months_so_far as (
        partition by window_days, customer_id order by level_on rows between unbounded preceding and current row
    )
),

levels as (
    select
        'balance' as level_name,
        cast(null as bigint) as window_days,
        customer_id,
        level_on,
        level_value
    from balances
    union all
    select
        'spending' as level_name,
        window_days,
        customer_id,
        level_on,
        level_value
    from spending
    where is_known
    union all
    select
        level_name,
        cast(null as bigint) as window_days,
        customer_id,
        level_on,
        cast(sum(level_change) over (
            partition by level_name, customer_id order by level_on rows between unbounded preceding and current row
        ) as double) as level_value
    from held_days
),

-- each beside the one before it, and the highest before each
levels_compared as (
    select
        conditions.condition_key,
        levels.customer_id,
        levels.level_on,
        levels.level_value,
        lag(levels.level_value) over levels_so_far as former_value,
        max(levels.level_value) over levels_before as highest_before,
        max(levels.level_value) over levels_before_former as highest_before_former,
        row_number() over levels_so_far as level_number
    from levels
    inner join conditions
        on
            levels.level_name = conditions.level_name
            and coalesce(levels.window_days, conditions.window_days, 0) = coalesce(conditions.window_days, 0)
    window
        levels_so_far as (partition by conditions.condition_key, levels.customer_id order by levels.level_on),
        levels_before as (
            partition by conditions.condition_key, levels.customer_id
            order by levels.level_on rows between unbounded preceding and 1 preceding
        ),
        levels_before_former as (
            partition by conditions.condition_key, levels.customer_id
            order by levels.level_on rows between unbounded preceding and 2 preceding
        )
),

-- a number of products or policies has to have reached the bound before it can fall below it
levels_judged as (
    select
        compared.condition_key,
        compared.customer_id,
        compared.level_on,
        compared.level_number
        {%- for name, value, highest in [('is_met', 'level_value', 'highest_before'), ('was_met', 'former_value', 'highest_before_former')] %},
        coalesce(
            compared.{{ value }} < conditions.upper_bound
            and (conditions.churn_kind = 'drawdown' or compared.{{ highest }} >= conditions.upper_bound), false
        )
        or coalesce(compared.{{ value }} < conditions.former_share * compared.{{ highest }}, false) as {{ name }}
        {%- endfor %}
    from levels_compared as compared
    inner join conditions on compared.condition_key = conditions.condition_key
),

level_changes as (
    select
        condition_key,
        customer_id,
        case when not is_met or level_number > 1 then level_on end as changed_on,
        is_met,
        lead(level_on) over (partition by condition_key, customer_id order by level_on) as next_changed_on
    from levels_judged
    where level_number = 1 or is_met <> was_met
),

-- policies that ended without renewal, until the next one begins

policies as (
    select
        policies.policy_id,
        policies.customer_id,
        policies.ends_on,
        {{ date_shifted('policies.ends_on', 1, 'day') }} as expired_on,
        coalesce(policies.is_renewed, false) as is_renewed
    from {{ ref('int_policies_conformed') }} as policies
    cross join as_of
    where
        policies.ends_on < as_of.as_of_date
        and 'non_renewal' in (select conditions.churn_kind from conditions)
),

expired as (
    select
        policies.policy_id,
        policies.customer_id,
        policies.expired_on,
        min(later.starts_on) as renewed_on
    from policies
    left join {{ ref('int_policies_conformed') }} as later
        on
            policies.customer_id = later.customer_id
            and policies.ends_on <= later.starts_on
            and policies.policy_id <> later.policy_id
    where not policies.is_renewed
    group by policies.policy_id, policies.customer_id, policies.expired_on
),

expired_states as (
    select distinct
        customer_id,
        cast(null as date) as changed_on,
        false as is_met
    from {{ ref('int_policies_conformed') }}
    union all
    select
        expired.customer_id,
        expired.expired_on as changed_on,
        true as is_met
    from expired
    where coalesce(expired.renewed_on > expired.expired_on, true)
    union all
    select
        expired.customer_id,
        expired.renewed_on as changed_on,
        false as is_met
    from expired
    cross join as_of
    where expired.renewed_on > expired.expired_on and expired.renewed_on <= as_of.as_of_date
),

-- of several states on one day the one that is met counts
expired_days as (
    select
        customer_id,
        changed_on,
        bool_or(is_met) as is_met
    from expired_states
    group by customer_id, changed_on
),

expired_compared as (
    select
        *,
        lag(is_met) over (partition by customer_id order by changed_on nulls first) as was_met
    from expired_days
),

expired_changes as (
    select
        customer_id,
        changed_on,
        is_met,
        lead(changed_on) over (partition by customer_id order by changed_on nulls first) as next_changed_on
    from expired_compared
    where was_met is null or was_met <> is_met
),

changes as (
    select
        conditions.condition_key,
        told_changes.customer_id,
        told_changes.changed_on,
        told_changes.is_met,
        told_changes.next_changed_on
    from told_changes
    inner join conditions on told_changes.churn_kind = conditions.churn_kind
    union all
    select
        conditions.condition_key,
        silent_changes.customer_id,
        silent_changes.changed_on,
        silent_changes.is_met,
        silent_changes.next_changed_on
    from silent_changes
    inner join conditions on conditions.churn_kind = 'inactive' and silent_changes.window_days = conditions.window_days
    union all
    select
        condition_key,
        customer_id,
        changed_on,
        is_met,
        next_changed_on
    from level_changes
    union all
    select
        conditions.condition_key,
        expired_changes.customer_id,
        expired_changes.changed_on,
        expired_changes.is_met,
        expired_changes.next_changed_on
    from expired_changes
    inner join conditions on conditions.churn_kind = 'non_renewal'
),

-- a condition counts from the end of its days of grace, if it is still met
final as (
    select
        conditions.churn_definition_code,
        conditions.condition_number,
        changes.customer_id,
        case
            when changes.is_met then {{ date_shifted('changes.changed_on', 'cast(conditions.grace_days as int)', 'day') }}
            else changes.changed_on
        end as changed_on,
        changes.is_met
    from changes
    inner join conditions on changes.condition_key = conditions.condition_key
    cross join as_of
    where
        not changes.is_met
        or changes.changed_on is null
        or {{ date_shifted('changes.changed_on', 'cast(conditions.grace_days as int)', 'day') }}
        < coalesce(changes.next_changed_on, {{ date_shifted('as_of.as_of_date', 1, 'day') }})
)

select * from final
