-- What is known of each customer, in the columns that intervals, segments and rules name: one home for their values.
with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

scored as (
    select * from {{ ref('int_customers_scored') }}
    where rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}
),

described as (
    select
        profiled.*,
        scored.recency_days,
        scored.frequency_count,
        churned.is_churned,
        {{ is_in_discovery_half('profiled.customer_id') }} as is_discovery
    from profiled
    inner join churned on profiled.customer_id = churned.customer_id
    left join scored on profiled.customer_id = scored.customer_id
)

select * from described
