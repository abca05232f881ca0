-- What had happened by each day: products held on it, contacts and purchases within the look-back before it. Nothing later
-- is read. A count is null where the extract has no such events at all. Events are read once for all days.
{%- set dated_bases = ['as_of_date', 'cut_off'] %}

with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

days as (
    select * from {{ ref('int_churn_days_listed') }}
    where measured_on is not null
),

-- all days in one row
spans as (
    select
        {%- for basis in dated_bases %}
        max(measured_on) filter (where score_basis = '{{ basis }}') as {{ basis }}_measured_on,
        max(lookback_starts_on) filter (where score_basis = '{{ basis }}') as {{ basis }}_lookback_starts_on,
        {%- endfor %}
        max(measured_on) as last_measured_on
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
        {%- for basis in dated_bases %},
        bool_or(
            coalesce(product_holdings.opened_on <= spans.{{ basis }}_measured_on, true)
            and coalesce(product_holdings.closed_on > spans.{{ basis }}_measured_on, true)
        ) as {{ basis }}_is_held
        {%- endfor %}
    from product_holdings
    cross join spans
    group by product_holdings.customer_id, product_holdings.product_code
),

held as (
    select
        customer_id
        {%- for basis in dated_bases %},
        count(*) filter (where {{ basis }}_is_held) as {{ basis }}_product_count
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
        {%- for basis in dated_bases %},
        max(contacts.contacted_on) filter (where contacts.contacted_on <= spans.{{ basis }}_measured_on)
            as {{ basis }}_last_contact_on,
        count(*) filter (
            where contacts.contacted_on between spans.{{ basis }}_lookback_starts_on and spans.{{ basis }}_measured_on
        ) as {{ basis }}_contact_count
        {%- endfor %}
    from contacts
    cross join spans
    where contacts.contacted_on <= spans.last_measured_on
    group by contacts.customer_id
),

purchased as (
    select
        purchases.customer_id
        {%- for basis in dated_bases %},
        max(purchases.purchased_on) filter (where purchases.purchased_on <= spans.{{ basis }}_measured_on)
            as {{ basis }}_last_purchase_on,
        count(*) filter (
            where purchases.purchased_on between spans.{{ basis }}_lookback_starts_on and spans.{{ basis }}_measured_on
        ) as {{ basis }}_purchase_count,
        sum(purchases.day_amount) filter (
            where purchases.purchased_on between spans.{{ basis }}_lookback_starts_on and spans.{{ basis }}_measured_on
        ) as {{ basis }}_purchase_amount
        {%- endfor %}
    from purchases
    cross join spans
    where purchases.purchased_on <= spans.last_measured_on
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
        customers.joined_on,
        days.measured_on,
        days.lookback_starts_on
        {%- for relation, columns in {
            'held': ['product_count'],
            'contacted': ['last_contact_on', 'contact_count'],
            'purchased': ['last_purchase_on', 'purchase_count', 'purchase_amount'],
        }.items() %}
        {%- for column in columns %},
        case days.score_basis
            {%- for basis in dated_bases %}
            when '{{ basis }}' then {{ relation }}.{{ basis }}_{{ column }}
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
        events.measured_on,
        case when carried.has_holdings then coalesce(events.product_count, 0) end as product_count,
        case when carried.has_contacts then coalesce(events.contact_count, 0) end as recent_contact_count,
        case
            when events.last_contact_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_contact_on', 'events.measured_on', 'day') }}
        end as contact_recency_days,
        case when carried.has_purchases then coalesce(events.purchase_count, 0) end as recent_purchase_count,
        case
            when events.last_purchase_on >= events.lookback_starts_on
                then {{ dbt.datediff('events.last_purchase_on', 'events.measured_on', 'day') }}
        end as purchase_recency_days,
        case when carried.has_purchases then coalesce(cast(events.purchase_amount as decimal(18, 2)), 0) end
            as recent_purchase_amount,
        coalesce(greatest(events.last_contact_on, events.last_purchase_on), events.joined_on) as last_seen_on
    from events
    cross join carried
)

select * from counted
