-- Recency, frequency and money of every customer on the scale on which clusters are sought: logarithms, so that ten times
-- as much is as far from the average as a tenth of it. Unknown stays unknown.
{{ config(materialized='view') }}

with rfm as (
    select * from {{ ref('int_customers_rfm') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

built as (
    select
        customer_id,
        {{ signed_log('recency_days') }} as recency,
        {{ signed_log('frequency_count') }} as frequency,
        {{ signed_log('monetary_amount') }} as monetary
    from rfm
)

select * from built
