-- Recency, frequency and money of every customer under every scheme whose events the extract has. Nobody in touch yet:
-- no recency and a frequency of zero. Money from the customer record is the balance, and unknown where that is null.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with schemes as (
    {{ rfm_scheme_entities() }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

supplied_entities as (
    select 'interactions' as entity_name from {{ ref('int_customers_contacted') }}
    having count(*) > 0
    union all
    select 'transactions' as entity_name from {{ ref('int_customers_purchased') }}
    having count(*) > 0
),

supplied_schemes as (
    select schemes.*
    from schemes
    inner join supplied_entities on schemes.frequency_entity = supplied_entities.entity_name
),

-- joined before they stand under each scheme: of two tables, that of fewer expected rows is held in memory
active as (
    select
        customers.customer_id,
        customers.balance,
        contacted.last_contact_on,
        contacted.contact_count,
        purchased.last_purchase_on,
        purchased.purchase_count,
        purchased.purchase_amount
    from customers
    left join {{ ref('int_customers_contacted') }} as contacted on customers.customer_id = contacted.customer_id
    left join {{ ref('int_customers_purchased') }} as purchased on customers.customer_id = purchased.customer_id
),

measured as (
    select
        supplied_schemes.rfm_scheme,
        active.customer_id,
        as_of.as_of_date,
        case supplied_schemes.recency_entity
            when 'interactions' then {{ dbt.datediff('active.last_contact_on', 'as_of.as_of_date', 'day') }}
            when 'transactions' then {{ dbt.datediff('active.last_purchase_on', 'as_of.as_of_date', 'day') }}
        end as recency_days,
        case supplied_schemes.frequency_entity
            when 'interactions' then coalesce(active.contact_count, 0)
            when 'transactions' then coalesce(active.purchase_count, 0)
        end as frequency_count,
        case supplied_schemes.monetary_entity
            when 'customers' then active.balance
            when 'transactions' then coalesce(cast(active.purchase_amount as decimal(18, 2)), 0)
        end as monetary_amount
    from active
    cross join supplied_schemes
    cross join as_of
)

select * from measured
