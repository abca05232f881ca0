-- Recency, frequency and money of the active scheme on each day of the history. A scheme whose money is a balance without history
-- has the as-of date alone.
{{ config(materialized='view') }}

with observations as (
    select * from {{ ref('int_history_observations') }}
),

schemes as (
    select
        rfm_scheme,
        max(entity_name) filter (where measure = 'recency') as recency_entity,
        max(entity_name) filter (where measure = 'frequency') as frequency_entity,
        max(entity_name) filter (where measure = 'monetary') as monetary_entity
    from {{ ref('rfm_schemes') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
    group by rfm_scheme
),

supplied as (
    select distinct rfm_scheme from {{ ref('int_customers_rfm') }}
),

-- as in the outcome windows: unknown on every day of them
balances as (
    select count(balance) > 0 as has_history from {{ ref('int_churn_observations') }}
    where churn_basis = 'window'
),

measured as (
    select
        schemes.rfm_scheme,
        observations.customer_id,
        observations.month_number,
        observations.is_at_risk,
        {{ dbt.datediff(
            "case schemes.recency_entity when 'interactions' then observations.last_contact_on when 'transactions' then observations.last_purchase_on end",
            'observations.observed_on', 'day'
        ) }} as recency_days,
        case schemes.frequency_entity
            when 'interactions' then observations.contact_count
            when 'transactions' then observations.purchase_count
        end as frequency_count,
        case schemes.monetary_entity
            when 'customers' then observations.balance
            when 'transactions' then observations.purchase_amount
        end as monetary_amount
    from observations
    cross join schemes
    inner join supplied on schemes.rfm_scheme = supplied.rfm_scheme
    cross join balances
    where schemes.monetary_entity <> 'customers' or balances.has_history or observations.month_number = 0
)

select * from measured
