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

united as (
    select
        'customers' as cluster_set,
        placed.cluster_code,
        placed.customer_id as member_id,
        profiled.age,
        rfm.monetary_amount,
        rfm.frequency_count,
        rfm.recency_days
    from placed
    inner join rfm on placed.customer_id = rfm.customer_id
    inner join profiled on placed.customer_id = profiled.customer_id
    {%- if var('source_system') == 'bank_marketing' %}
    union all
    select
        'bank_marketing_replication' as cluster_set,
        clustered.cluster_code,
        groups.group_id as member_id,
        groups.age,
        groups.monetary_amount,
        groups.frequency_count,
        groups.recency_days
    from {{ ref('int_bank_marketing_groups_measured') }} as groups
    inner join {{ ref('int_bank_marketing_clustered') }} as clustered on groups.group_id = clustered.group_id
    {%- endif %}
)

select * from united
