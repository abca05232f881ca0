-- The RFM segment of every observation that has an outcome, on the day of the observation and by the thresholds of the as-of
-- date. A scheme whose money is a balance without history has no segment in a window.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where churn_basis = 'window' or is_rated
),

counted as (
    select * from {{ ref('int_churn_events_counted') }}
),

schemes as (
    {{ rfm_scheme_entities() }}
),

supplied as (
    select distinct rfm_scheme from {{ ref('int_customers_rfm') }}
),

-- balances without history are unknown on every day of a window
balances as (
    select count(balance) filter (where churn_basis = 'window') > 0 as has_history from observations
),

measured as (
    select
        schemes.rfm_scheme,
        observations.customer_id,
        observations.churn_basis,
        observations.window_number,
        observations.observed_on,
        observations.is_rated,
        observations.is_churned,
        {{ rfm_measures('observations', 'counted') }}
    from observations
    inner join counted
        on observations.customer_id = counted.customer_id and observations.observed_on = counted.observed_on
    cross join schemes
    inner join supplied on schemes.rfm_scheme = supplied.rfm_scheme
    cross join balances
    where schemes.monetary_entity <> 'customers' or balances.has_history or observations.churn_basis = 'snapshot'
),

{{ rfm_scoring('measured', [
    'rfm_scheme', 'customer_id', 'churn_basis', 'window_number', 'observed_on', 'is_rated', 'is_churned',
]) }}

select * from segmented
