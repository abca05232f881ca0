-- Recency, frequency and money of every customer under every scheme whose events the extract has. Nobody in touch yet:
-- no recency and a frequency of zero. Money from the customer record is the balance, and unknown where that is null.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with schemes as (
    {{ rfm_scheme_entities() }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

contacted as (
    select * from {{ ref('int_customers_contacted') }}
),

purchased as (
    select * from {{ ref('int_customers_purchased') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

supplied_entities as (
    select 'interactions' as entity_name from contacted
    having count(*) > 0
    union all
    select 'transactions' as entity_name from purchased
    having count(*) > 0
),

supplied_schemes as (
    select schemes.*
    from schemes
    inner join supplied_entities on schemes.frequency_entity = supplied_entities.entity_name
),

measured as (
    select
        supplied_schemes.rfm_scheme,
        customers.customer_id,
        as_of.as_of_date,
        case supplied_schemes.recency_entity
            when 'interactions' then {{ dbt.datediff('contacted.last_contact_on', 'as_of.as_of_date', 'day') }}
            when 'transactions' then {{ dbt.datediff('purchased.last_purchase_on', 'as_of.as_of_date', 'day') }}
        end as recency_days,
        case supplied_schemes.frequency_entity
            when 'interactions' then coalesce(contacted.contact_count, 0)
            when 'transactions' then coalesce(purchased.purchase_count, 0)
        end as frequency_count,
        case supplied_schemes.monetary_entity
            when 'customers' then customers.balance
            when 'transactions' then coalesce(cast(purchased.purchase_amount as decimal(18, 2)), 0)
        end as monetary_amount
    from customers
    cross join supplied_schemes
    cross join as_of
    left join contacted on customers.customer_id = contacted.customer_id
    left join purchased on customers.customer_id = purchased.customer_id
)

select * from measured
