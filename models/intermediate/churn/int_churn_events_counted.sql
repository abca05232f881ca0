-- What had happened by each day: products held on it, contacts and purchases up to it and within the look-back before it.
-- Nothing later is read. A count is null where the extract has no such events at all, or has not recorded them
-- for the look-back of every day. Events are read once for all days.
{%- set days = {'current': "'current'"} %}
{%- for number in churn_windows() %}{% do days.update({'window_' ~ number: "'window_" ~ number ~ "'"}) %}{% endfor %}
{%- set own = own_features() | selectattr('entity', 'equalto', 'transactions') | map(attribute='feature_name') | list %}
{%- set contact_columns = ['last_contact_on', 'contact_count', 'recent_contact_count'] %}
{%- set purchase_columns = [
    'last_purchase_on', 'purchase_count', 'purchase_amount', 'recent_purchase_count', 'recent_purchase_amount',
] + own %}

with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

days as (
    select
        case when churn_basis = 'window' then 'window_' || {{ whole_text('window_number') }} else churn_basis end as day_code,
        observed_on,
        lookback_starts_on,
        has_contacts,
        has_purchases
    from {{ ref('int_churn_days') }}
    where churn_basis <> 'snapshot' and observed_on is not null
),

spans as (
    {{ days_in_one_row('days', 'day_code', days, ['observed_on', 'lookback_starts_on']) }}
),

{{ products_held_by_day(days) }},

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
        purchases.customer_id
        {{- counted_by_day(days, purchase_columns) }}
    from {{ ref('int_purchases_dated') }} as purchases
    cross join spans
    where purchases.purchased_on <= spans.last_observed_on
    group by purchases.customer_id
),

-- not from the CTEs above: what is read twice is held in memory, and these are all events
carried as (
    select
        (select count(*) > 0 from {{ ref('int_product_holdings_conformed') }}) as has_holdings,
        (select count(*) > 0 from {{ ref('int_interactions_conformed') }}) as has_contacts,
        (select count(*) > 0 from {{ ref('int_purchases_dated') }}) as has_purchases
),

-- the customers are joined once, and then stand under each day
events as (
    select
        customers.customer_id,
        days.observed_on,
        days.lookback_starts_on,
        days.has_contacts,
        days.has_purchases
        {%- for relation, columns in {'held': ['product_count'], 'contacted': contact_columns, 'purchased': purchase_columns}.items() %}
        {%- for column in columns %},
        {{ value_on_day(relation, column, 'days.day_code', days) }} as {{ column }}
        {%- endfor %}
        {%- endfor %}
    from customers
    left join held on customers.customer_id = held.customer_id
    left join contacted on customers.customer_id = contacted.customer_id
    left join purchased on customers.customer_id = purchased.customer_id
    cross join days
),

counted as (
    select
        events.customer_id,
        events.observed_on,
        case when carried.has_holdings then coalesce(events.product_count, 0) end as product_count,
        events.last_contact_on,
        events.last_purchase_on,
        case when carried.has_contacts then coalesce(events.contact_count, 0) end as contact_count,
        case when carried.has_purchases then cast(coalesce(events.purchase_count, 0) as bigint) end as purchase_count,
        case when carried.has_purchases then coalesce(cast(events.purchase_amount as decimal(18, 2)), 0) end as purchase_amount,
        case when carried.has_contacts and events.has_contacts then coalesce(events.recent_contact_count, 0) end
            as recent_contact_count,
        case
            when events.has_contacts and events.last_contact_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_contact_on', 'events.observed_on', 'day') }}
        end as contact_recency_days,
        case when carried.has_purchases and events.has_purchases then cast(coalesce(events.recent_purchase_count, 0) as bigint) end
            as recent_purchase_count,
        case
            when events.has_purchases and events.last_purchase_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_purchase_on', 'events.observed_on', 'day') }}
        end as purchase_recency_days,
        case
            when carried.has_purchases and events.has_purchases
                then coalesce(cast(events.recent_purchase_amount as decimal(18, 2)), 0)
        end as recent_purchase_amount
        {%- for name in own %},
        case when carried.has_purchases and events.has_purchases then coalesce(events.{{ name }}, 0) end as {{ name }}
        {%- endfor %}
    from events
    cross join carried
)

select * from counted
