-- The RFM segment of every customer at risk on each day of the history.
with measured as (
    select * from {{ ref('int_rfm_history_measured') }}
    where is_at_risk
),

{{ rfm_scoring(
    'measured', ['rfm_scheme', 'customer_id', 'month_number'],
    ref('int_rfm_history_thresholds'), ['rfm_scheme', 'month_number'],
) }}

select * from segmented
