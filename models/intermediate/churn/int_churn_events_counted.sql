-- What had happened by each day: products held on it, contacts and purchases up to it and within the look-back before it.
-- Nothing later is read. A count is null where the extract has no such events at all, or has not recorded them
-- for the look-back of every day. Events are read once for all days.
{%- set days = ['current'] %}
{%- for number in churn_windows() %}{% do days.append('window_' ~ number) %}{% endfor %}
{%- set own = own_features() | selectattr('entity', 'equalto', 'transactions') | list %}

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

-- all days in one row
spans as (
    select
        {%- for day in days %}
        max(observed_on) filter (where day_code = '{{ day }}') as {{ day }}_observed_on,
        max(lookback_starts_on) filter (where day_code = '{{ day }}') as {{ day }}_lookback_starts_on,
        {%- endfor %}
        max(observed_on) as last_observed_on
    from days
),

product_holdings as (
    select * from {{ ref('int_product_holdings_conformed') }}
),

interactions as (
    select * from {{ ref('int_interactions_conformed') }}
),

purchases as (
    select * from {{ ref('int_purchases_dated') }}
),

products as (
    select
        product_holdings.customer_id,
        product_holdings.product_code
        {%- for day in days %},
        bool_or(
            coalesce(product_holdings.opened_on <= spans.{{ day }}_observed_on, true)
            and coalesce(product_holdings.closed_on > spans.{{ day }}_observed_on, true)
        ) as {{ day }}_is_held
        {%- endfor %}
    from product_holdings
    cross join spans
    group by product_holdings.customer_id, product_holdings.product_code
),

held as (
    select
        customer_id
        {%- for day in days %},
        count(*) filter (where {{ day }}_is_held) as {{ day }}_product_count
        {%- endfor %}
    from products
    group by customer_id
),

contacts as (
    select
        customer_id,
        cast(occurred_at as date) as contacted_on
    from interactions
),

contacted as (
    select
        contacts.customer_id
        {%- for day in days %},
        max(contacts.contacted_on) filter (where contacts.contacted_on <= spans.{{ day }}_observed_on)
            as {{ day }}_last_contact_on,
        count(*) filter (where contacts.contacted_on <= spans.{{ day }}_observed_on) as {{ day }}_contact_count,
        count(*) filter (
            where contacts.contacted_on between spans.{{ day }}_lookback_starts_on and spans.{{ day }}_observed_on
        ) as {{ day }}_recent_contact_count
        {%- endfor %}
    from contacts
    cross join spans
    where contacts.contacted_on <= spans.last_observed_on
    group by contacts.customer_id
),

purchased as (
    select
        purchases.customer_id
        {%- for day in days %},
        max(purchases.purchased_on) filter (
            where purchases.order_count > 0 and purchases.purchased_on <= spans.{{ day }}_observed_on
        )
            as {{ day }}_last_purchase_on,
        cast(sum(purchases.order_count) filter (where purchases.purchased_on <= spans.{{ day }}_observed_on) as bigint)
            as {{ day }}_purchase_count,
        sum(purchases.day_amount) filter (where purchases.purchased_on <= spans.{{ day }}_observed_on)
            as {{ day }}_purchase_amount,
        cast(sum(purchases.order_count) filter (
            where purchases.purchased_on between spans.{{ day }}_lookback_starts_on and spans.{{ day }}_observed_on
        ) as bigint) as {{ day }}_recent_purchase_count,
        sum(purchases.day_amount) filter (
            where purchases.purchased_on between spans.{{ day }}_lookback_starts_on and spans.{{ day }}_observed_on
        ) as {{ day }}_recent_purchase_amount
        {%- for feature in own %},
        sum(purchases.{{ feature['column'] }}) filter (
            where purchases.purchased_on between spans.{{ day }}_lookback_starts_on and spans.{{ day }}_observed_on
        ) as {{ day }}_{{ feature['feature_name'] }}
        {%- endfor %}
        {%- endfor %}
    from purchases
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
        {%- for relation, columns in {
            'held': ['product_count'],
            'contacted': ['last_contact_on', 'contact_count', 'recent_contact_count'],
            'purchased': [
                'last_purchase_on', 'purchase_count', 'purchase_amount', 'recent_purchase_count', 'recent_purchase_amount',
            ] + own | map(attribute='feature_name') | list,
        }.items() %}
        {%- for column in columns %},
        case days.day_code
            {%- for day in days %}
            when '{{ day }}' then {{ relation }}.{{ day }}_{{ column }}
            {%- endfor %}
        end as {{ column }}
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
        case when carried.has_purchases then coalesce(events.purchase_count, 0) end as purchase_count,
        case when carried.has_purchases then coalesce(cast(events.purchase_amount as decimal(18, 2)), 0) end as purchase_amount,
        case when carried.has_contacts and events.has_contacts then coalesce(events.recent_contact_count, 0) end
            as recent_contact_count,
        case
            when events.has_contacts and events.last_contact_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_contact_on', 'events.observed_on', 'day') }}
        end as contact_recency_days,
        case when carried.has_purchases and events.has_purchases then coalesce(events.recent_purchase_count, 0) end
            as recent_purchase_count,
        case
            when events.has_purchases and events.last_purchase_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_purchase_on', 'events.observed_on', 'day') }}
        end as purchase_recency_days,
        case
            when carried.has_purchases and events.has_purchases
                then coalesce(cast(events.recent_purchase_amount as decimal(18, 2)), 0)
        end as recent_purchase_amount
        {%- for feature in own %},
        case when carried.has_purchases and events.has_purchases then coalesce(events.{{ feature['feature_name'] }}, 0) end
            as {{ feature['feature_name'] }}
        {%- endfor %}
    from events
    cross join carried
)

select * from counted
