-- Customers who had joined and not closed by each day of the history, with what had happened by then: contacts and purchases up to
-- the day, and the balance of the last snapshot. Customers at risk are those whose segments are counted; the others serve the
-- thresholds of RFM alone. Events are read once for all days.
{%- set numbers = range(number_var('history_months') | int) %}

with days as (
    select * from {{ ref('int_history_days') }}
),

-- all days in one row
spans as (
    select
        {%- for number in numbers %}
        max(observed_on) filter (where month_number = {{ number }}) as observed_on_{{ number }},
        {%- endfor %}
        max(observed_on) as last_observed_on
    from days
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

known_spells as (
    select * from {{ ref('int_churn_spells') }}
),

snapshots as (
    select * from {{ ref('int_customer_snapshots_conformed') }}
),

changing as (
    select coalesce(bool_or(history = 'snapshot'), true) as balance_changes from {{ ref('int_features_catalogued') }}
    where feature_name = 'balance'
),

-- a customer whose churn is unknown counts as current, from the end of what is known until the account is closed
unknown as (
    select
        churned.customer_id,
        coalesce(max(known_spells.ended_on), max(customers.joined_on)) as started_on,
        max(churned.ended_on) as ended_on,
        coalesce(min(known_spells.started_on), max(customers.joined_on)) as first_started_on
    from churned
    inner join customers on churned.customer_id = customers.customer_id
    left join known_spells on churned.customer_id = known_spells.customer_id
    where churned.is_churned is null and (churned.is_current or churned.ended_on is not null)
    group by churned.customer_id
),

spells as (
    select
        customer_id,
        started_on,
        ended_on,
        ended_on is not null and not is_churn as ends_otherwise,
        min(started_on) over (partition by customer_id) as first_started_on
    from known_spells
    union all
    select
        customer_id,
        started_on,
        ended_on,
        false as ends_otherwise,
        first_started_on
    from unknown
),

contacts as (
    select
        customer_id,
        cast(occurred_at as date) as contacted_on
    from {{ ref('int_interactions_conformed') }}
),

contacted as (
    select
        contacts.customer_id
        {%- for number in numbers %},
        max(contacts.contacted_on) filter (where contacts.contacted_on <= spans.observed_on_{{ number }}) as last_contact_on_{{ number }},
        count(*) filter (where contacts.contacted_on <= spans.observed_on_{{ number }}) as contact_count_{{ number }}
        {%- endfor %}
    from contacts
    cross join spans
    where contacts.contacted_on <= spans.last_observed_on
    group by contacts.customer_id
),

purchased as (
    select
        purchases.customer_id,
        min(purchases.purchased_on) filter (where purchases.order_count > 0) as first_purchase_on,
        min_by(purchases.day_amount, purchases.purchased_on) filter (where purchases.order_count > 0) as first_purchase_amount
        {%- for number in numbers %},
        max(purchases.purchased_on) filter (
            where purchases.order_count > 0 and purchases.purchased_on <= spans.observed_on_{{ number }}
        ) as last_purchase_on_{{ number }},
        count(*) filter (where purchases.order_count > 0 and purchases.purchased_on <= spans.observed_on_{{ number }})
            as purchase_day_count_{{ number }},
        sum(purchases.order_count) filter (where purchases.purchased_on <= spans.observed_on_{{ number }}) as purchase_count_{{ number }},
        sum(purchases.day_amount) filter (where purchases.purchased_on <= spans.observed_on_{{ number }}) as purchase_amount_{{ number }}
        {%- endfor %}
    from {{ ref('int_purchases_dated') }} as purchases
    cross join spans
    where purchases.purchased_on <= spans.last_observed_on
    group by purchases.customer_id
),

-- the last snapshot at or before each day
balances as (
    select
        days.month_number,
        snapshots.customer_id,
        snapshots.balance
    from snapshots
    inner join days on snapshots.observed_on <= days.observed_on
    where days.month_number > 0
    qualify row_number() over (
        partition by snapshots.customer_id, days.month_number order by snapshots.observed_on desc
    ) = 1
),

-- the customers are joined once, and then stand under each day
events as (
    select
        customers.customer_id,
        customers.joined_on,
        customers.closed_on,
        customers.balance,
        days.month_number,
        days.observed_on,
        purchased.first_purchase_on,
        purchased.first_purchase_amount
        {%- for relation, columns in {
            'contacted': ['last_contact_on', 'contact_count'],
            'purchased': ['last_purchase_on', 'purchase_day_count', 'purchase_count', 'purchase_amount'],
        }.items() %}
        {%- for column in columns %},
        {% if numbers | length -%}
        case days.month_number
            {%- for number in numbers %}
            when {{ number }} then {{ relation }}.{{ column }}_{{ number }}
            {%- endfor %}
        end as {{ column }}
        {%- else -%}
        {{ {'last_contact_on': 'cast(null as date)', 'last_purchase_on': 'cast(null as date)'}.get(column, '0') }} as {{ column }}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from customers
    left join contacted on customers.customer_id = contacted.customer_id
    left join purchased on customers.customer_id = purchased.customer_id
    cross join days
),

observed as (
    select
        events.customer_id,
        events.month_number,
        events.observed_on,
        spells.customer_id is not null as is_at_risk,
        spells.first_started_on,
        coalesce(spells.ends_otherwise, false) as ends_otherwise,
        events.last_contact_on,
        coalesce(events.contact_count, 0) as contact_count,
        events.last_purchase_on,
        cast(coalesce(events.purchase_count, 0) as bigint) as purchase_count,
        coalesce(cast(events.purchase_amount as decimal(18, 2)), 0) as purchase_amount,
        events.first_purchase_on,
        coalesce(events.purchase_day_count, 0) as purchase_day_count,
        events.purchase_amount - events.first_purchase_amount as repeat_amount,
        case
            when events.month_number > 0 and changing.balance_changes then balances.balance
            else events.balance
        end as balance
    from events
    cross join changing
    left join spells
        on
            events.customer_id = spells.customer_id
            and coalesce(events.observed_on >= spells.started_on, true)
            and coalesce(events.observed_on < spells.ended_on, true)
    left join balances
        on events.customer_id = balances.customer_id and events.month_number = balances.month_number
    where
        spells.customer_id is not null
        or coalesce(events.joined_on <= events.observed_on, true)
        and not coalesce(events.closed_on <= events.observed_on, false)
)

select * from observed
