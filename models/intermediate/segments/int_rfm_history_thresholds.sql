-- The thresholds by which RFM is scored on each day of the history (var history_thresholds): those of the as-of date, so that only
-- customers move, or those of the day, as a build of that day had them.
-- depends_on: {{ ref('int_rfm_history_measured') }}
-- depends_on: {{ ref('int_history_days') }}
-- depends_on: {{ ref('int_rfm_thresholds_computed') }}
-- depends_on: {{ ref('rfm_schemes') }}
-- depends_on: {{ ref('rfm_fixed_thresholds') }}
-- depends_on: {{ ref('int_rfm_scheme_chosen') }}
{%- if name_var('history_thresholds', ['as_of', 'monthly']) == 'monthly' %}
with measured as (
    select * from {{ ref('int_rfm_history_measured') }}
),

{{ rfm_thresholds('measured', ['rfm_scheme', 'month_number']) }}

select * from computed
{%- else %}
with days as (
    select * from {{ ref('int_history_days') }}
),

thresholds as (
    select * from {{ ref('int_rfm_thresholds_computed') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

repeated as (
    select
        days.month_number,
        thresholds.*
    from days
    cross join thresholds
)

select * from repeated
{%- endif %}
