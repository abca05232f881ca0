-- The RFM segment of every customer at risk on each day of the history, by thresholds (var history_thresholds) of the as-of date, so
-- that only customers move, or of the day, as a build of that day had them.
-- depends_on: {{ ref('rfm_schemes') }}
-- depends_on: {{ ref('rfm_fixed_thresholds') }}
-- depends_on: {{ ref('int_rfm_thresholds_computed') }}
{%- set columns = ['rfm_scheme', 'customer_id', 'month_number'] %}

with measured as (
    select * from {{ ref('int_rfm_history_measured') }}
    where is_at_risk
),

{% if name_var('history_thresholds', ['as_of', 'monthly']) == 'monthly' -%}
everyone as (
    select * from {{ ref('int_rfm_history_measured') }}
),

{{ rfm_thresholds('everyone', ['rfm_scheme', 'month_number']) }},

{{ rfm_scoring('measured', columns, 'computed', ['rfm_scheme', 'month_number']) }}
{%- else -%}
{{ rfm_scoring('measured', columns) }}
{%- endif %}

select * from segmented
