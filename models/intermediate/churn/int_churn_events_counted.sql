-- What had happened by each day: products held on it, contacts and purchases within the look-back before it. Nothing later
-- is read. A count is null where the extract has no such events at all.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

days as (
    select * from {{ ref('int_churn_days_listed') }}
    where measured_on is not null
),

product_holdings as (
    select * from {{ ref('int_product_holdings_conformed') }}
),

interactions as (
    select * from {{ ref('int_interactions_conformed') }}
),

transactions as (
    select * from {{ ref('int_transactions_conformed') }}
),

held as (
    select
        product_holdings.customer_id,
        days.measured_on,
        count(distinct product_holdings.product_code) as product_count
    from product_holdings
    cross join days
    where
        coalesce(product_holdings.opened_on <= days.measured_on, true)
        and coalesce(product_holdings.closed_on > days.measured_on, true)
    group by product_holdings.customer_id, days.measured_on
),

contacted as (
    select
        interactions.customer_id,
        days.measured_on,
        cast(max(interactions.occurred_at) as date) as last_contact_on,
        count(*) filter (where cast(interactions.occurred_at as date) >= days.lookback_starts_on) as recent_contact_count
    from interactions
    cross join days
    where cast(interactions.occurred_at as date) <= days.measured_on
    group by interactions.customer_id, days.measured_on
),

purchased as (
    select
        transactions.customer_id,
        days.measured_on,
        cast(max(transactions.occurred_at) as date) as last_purchase_on,
        count(distinct cast(transactions.occurred_at as date)) filter (
            where cast(transactions.occurred_at as date) >= days.lookback_starts_on
        ) as recent_purchase_count,
        sum(transactions.amount) filter (
            where cast(transactions.occurred_at as date) >= days.lookback_starts_on
        ) as recent_purchase_amount
    from transactions
    cross join days
    where cast(transactions.occurred_at as date) <= days.measured_on
    group by transactions.customer_id, days.measured_on
),

carried as (
    select
        (select count(*) > 0 from product_holdings) as has_holdings,
        (select count(*) > 0 from interactions) as has_contacts,
        (select count(*) > 0 from transactions) as has_purchases
),

counted as (
    select
        customers.customer_id,
        days.measured_on,
        case when carried.has_holdings then coalesce(held.product_count, 0) end as product_count,
        case when carried.has_contacts then coalesce(contacted.recent_contact_count, 0) end as recent_contact_count,
        case
            when contacted.last_contact_on >= days.lookback_starts_on
                then {{ dbt.datediff('contacted.last_contact_on', 'days.measured_on', 'day') }}
        end as contact_recency_days,
        case when carried.has_purchases then coalesce(purchased.recent_purchase_count, 0) end as recent_purchase_count,
        case
            when purchased.last_purchase_on >= days.lookback_starts_on
                then {{ dbt.datediff('purchased.last_purchase_on', 'days.measured_on', 'day') }}
        end as purchase_recency_days,
        case when carried.has_purchases then coalesce(cast(purchased.recent_purchase_amount as decimal(18, 2)), 0) end
            as recent_purchase_amount,
        coalesce(greatest(contacted.last_contact_on, purchased.last_purchase_on), customers.joined_on) as last_seen_on
    from customers
    cross join days
    cross join carried
    left join held on customers.customer_id = held.customer_id and days.measured_on = held.measured_on
    left join contacted on customers.customer_id = contacted.customer_id and days.measured_on = contacted.measured_on
    left join purchased on customers.customer_id = purchased.customer_id and days.measured_on = purchased.measured_on
)

select * from counted
