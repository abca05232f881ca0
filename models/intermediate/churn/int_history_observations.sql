-- Customers who had joined and not closed by each day of the history, with what had happened by then (contacts and purchases up to
-- the day, the last snapshot, what rules of scheme `rule` name) and whether churn followed within the outcome window, once it has
-- passed. Customers at risk are those whose segments are counted; the others serve the thresholds of RFM alone. Events are read
-- once for all days.
{%- set days = history_days() %}
{%- set rule_columns = history_rule_columns() %}
{%- set contact_columns = ['last_contact_on', 'contact_count'] %}
{%- set purchase_columns = ['last_purchase_on', 'purchase_day_count', 'purchase_count', 'purchase_amount'] %}
{%- set attributes = (['balance'] + rule_columns) | unique | select('in', remembered_attributes()) | list %}
{%- set snapshot_columns = attributes + (['product_count'] if 'product_count' in rule_columns else []) %}
{%- set features = (['balance'] + rule_columns) | unique | select('in', history_features()) | list %}
{%- set texts = rule_columns | select('in', canonical_features()['texts']) | list %}

with days as (
    select * from {{ ref('int_history_days') }}
),

spans as (
    {{ days_in_one_row('days', 'month_number', days) }}
),

outcomes as (
    select window_days from {{ ref('int_churn_days') }}
    where churn_basis = 'current'
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

known_spells as (
    select * from {{ ref('int_churn_spells') }}
),

changing as (
    select
        {%- for column in attributes + texts %}
        coalesce(bool_or(history = 'snapshot') filter (where feature_name = '{{ column }}'), true) as {{ column }}_changes
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_features_catalogued') }}
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
        is_churn,
        min(started_on) over (partition by customer_id) as first_started_on
    from known_spells
    union all
    select
        customer_id,
        started_on,
        ended_on,
        cast(null as boolean) as is_churn,
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
        {{- counted_by_day(days, contact_columns) }}
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
        {{- counted_by_day(days, purchase_columns) }}
    from {{ ref('int_purchases_dated') }} as purchases
    cross join spans
    where purchases.purchased_on <= spans.last_observed_on
    group by purchases.customer_id
),

{% if 'product_count' in rule_columns -%}
{{ products_held_by_day(days) }},

{% endif -%}
holdings as (
    select count(*) > 0 as has_holdings from {{ ref('int_product_holdings_conformed') }}
),

-- a snapshot holds until the next one
snapshots as (
    select
        *,
        lead(observed_on) over (partition by customer_id order by observed_on) as next_observed_on
    from {{ ref('int_customer_snapshots_conformed') }}
),

remembered as (
    select
        snapshots.customer_id
        {%- for day in days %}
        {%- for column in snapshot_columns %},
        max(snapshots.{{ column }}) filter (
            where snapshots.observed_on <= spans.{{ day }}_observed_on
            and coalesce(snapshots.next_observed_on > spans.{{ day }}_observed_on, true)
        ) as {{ day }}_{{ column }}
        {%- endfor %}
        {%- endfor %}
    from snapshots
    cross join spans
    group by snapshots.customer_id
),

-- the customers are joined once, and then stand under each day
events as (
    select
        customers.customer_id,
        customers.joined_on,
        customers.closed_on,
        days.month_number,
        days.observed_on,
        purchased.first_purchase_on,
        purchased.first_purchase_amount
        {%- for relation, columns in {'contacted': contact_columns, 'purchased': purchase_columns}.items() %}
        {%- for column in columns %},
        {{ value_on_day(relation, column, 'days.month_number', days, 'date' if column.endswith('_on') else 'number') }} as {{ column }}
        {%- endfor %}
        {%- endfor %}
        {%- for column in attributes %},
        case
            when days.month_number > 0 and changing.{{ column }}_changes
                then {{ value_on_day('remembered', column, 'days.month_number', days) }}
            else profiled.{{ column }}
        end as {{ column }}
        {%- endfor %}
        {%- for column in texts %},
        case when days.month_number > 0 and changing.{{ column }}_changes then 'unknown' else profiled.{{ column }} end as {{ column }}
        {%- endfor %}
        {%- if 'product_count' in rule_columns %},
        coalesce(
            case
                when holdings.has_holdings
                    then coalesce({{ value_on_day('held', 'product_count', 'days.month_number', days) }}, 0)
            end,
            case
                when days.month_number > 0 then {{ value_on_day('remembered', 'product_count', 'days.month_number', days) }}
                else profiled.product_count
            end
        ) as product_count
        {%- endif %}
        {%- if 'age' in rule_columns %},
        {{ age_on_day(
            'customers.birth_date', 'profiled.age', 'days.observed_on',
            dbt.datediff('days.observed_on', 'spans.last_observed_on', 'day')
        ) }} as age
        {%- endif %}
        {%- if 'tenure_years' in rule_columns %},
        case
            when customers.joined_on is not null then {{ tenure_on_day('customers.joined_on', 'days.observed_on') }}
            when days.month_number = 0 then profiled.tenure_years
        end as tenure_years
        {%- endif %}
    from customers
    {%- for relation in ['contacted', 'purchased', 'remembered'] + (['held'] if 'product_count' in rule_columns else []) %}
    left join {{ relation }} on customers.customer_id = {{ relation }}.customer_id
    {%- endfor %}
    inner join profiled on customers.customer_id = profiled.customer_id
    cross join changing
    cross join holdings
    cross join spans
    cross join days
),

observed as (
    select
        events.customer_id,
        events.month_number,
        events.observed_on,
        spells.customer_id is not null as is_at_risk,
        spells.first_started_on,
        coalesce(spells.ended_on is not null and not spells.is_churn, false) as ends_otherwise,
        case
            when
                spells.is_churn is not null
                and spells.started_on is not null
                and {{ date_shifted('events.observed_on', 'cast(outcomes.window_days as int)', 'day') }} <= spans.last_observed_on
                then case
                    when spells.ended_on <= {{ date_shifted('events.observed_on', 'cast(outcomes.window_days as int)', 'day') }}
                        then case when spells.is_churn then true end
                    else false
                end
        end as is_churned,
        events.last_contact_on,
        coalesce(events.contact_count, 0) as contact_count,
        events.last_purchase_on,
        cast(coalesce(events.purchase_count, 0) as bigint) as purchase_count,
        coalesce(cast(events.purchase_amount as decimal(18, 2)), 0) as purchase_amount,
        events.first_purchase_on,
        coalesce(events.purchase_day_count, 0) as purchase_day_count,
        events.purchase_amount - events.first_purchase_amount as repeat_amount
        {%- for column in features %},
        events.{{ column }}
        {%- endfor %}
    from events
    cross join outcomes
    cross join spans
    left join spells
        on
            events.customer_id = spells.customer_id
            and coalesce(events.observed_on >= spells.started_on, true)
            and coalesce(events.observed_on < spells.ended_on, true)
    where
        spells.customer_id is not null
        or coalesce(events.joined_on <= events.observed_on, true)
        and not coalesce(events.closed_on <= events.observed_on, false)
)

select * from observed
