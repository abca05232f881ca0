-- The members of every set of clusters, with what clusters are described by.
{{ config(materialized='view') }}

with placed as (
    select * from {{ ref('int_customers_placed') }}
),

rfm as (
    select * from {{ ref('int_customers_rfm') }}
    where rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

united as (
    select
        'customers' as cluster_set,
        placed.cluster_code,
        placed.customer_id as member_id,
        profiled.age,
        rfm.monetary_amount,
        rfm.frequency_count,
        rfm.recency_days,
        churned.is_churned
    from placed
    inner join rfm on placed.customer_id = rfm.customer_id
    inner join profiled on placed.customer_id = profiled.customer_id
    inner join churned on placed.customer_id = churned.customer_id
)

select * from united
