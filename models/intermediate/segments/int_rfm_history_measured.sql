-- Recency, frequency and money of the active scheme on each day of the history. A scheme whose money is a balance without history
-- has the as-of date alone.
{{ config(materialized='view') }}

with observations as (
    select * from {{ ref('int_history_observations') }}
),

schemes as (
    {{ rfm_scheme_entities() }}
),

supplied as (
    select distinct rfm_scheme from {{ ref('int_customers_rfm') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
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
        {{ rfm_measures('observations', 'observations') }}
    from observations
    cross join schemes
    inner join supplied on schemes.rfm_scheme = supplied.rfm_scheme
    cross join balances
    where schemes.monetary_entity <> 'customers' or balances.has_history or observations.month_number = 0
)

select * from measured
