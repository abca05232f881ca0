-- Joins that must not multiply rows, with the counts and the money on both sides.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

ruled as (
    select * from {{ ref('int_segment_memberships') }}
    where segment_scheme = 'rule' and churn_basis in ('current', 'former')
),

rfm as (
    select * from {{ ref('int_customers_rfm') }}
),

scored as (
    select * from {{ ref('int_customers_scored') }}
),

{% if var('source_system') == 'bank_marketing' -%}
-- the clients that have a contact to be joined with
bank_marketing_clients as (
    select clients.*
    from {{ ref('stg_bank_marketing__clients') }} as clients
    where
        clients.fault is null
        and (clients.age, clients.job, clients.marital_status, clients.education) in (
            select (age, job, marital_status, education) from {{ ref('int_bank_marketing_contacts_joined') }}
        )
),

{% endif -%}
customer_totals as (
    select
        count(*) as left_count,
        sum(balance) as left_amount
    from customers
),

-- current and churned customers, on the as-of date
observed_totals as (
    select
        count(*) as left_count,
        sum(balance) as left_amount
    from {{ ref('int_churn_observations') }}
    where churn_basis in ('current', 'former')
),

measured as (
    select
        'customers x holdings and dates' as join_name,
        max(left_count) as left_count,
        count(profiled.customer_id) as joined_count,
        max(left_amount) as left_amount,
        sum(profiled.balance) as joined_amount
    from customer_totals
    cross join profiled
    union all
    select
        'customers x segment rules' as join_name,
        max(observed_totals.left_count) as left_count,
        count(ruled.customer_id) as joined_count,
        max(observed_totals.left_amount) as left_amount,
        sum(customers.balance) as joined_amount
    from observed_totals
    cross join ruled
    left join customers on ruled.customer_id = customers.customer_id
    union all
    select
        'rfm x thresholds and grid' as join_name,
        (select count(*) from rfm) as left_count,
        count(scored.customer_id) as joined_count,
        (select sum(monetary_amount) from rfm) as left_amount,
        sum(scored.monetary_amount) as joined_amount
    from scored
    {%- if var('source_system') == 'bank_marketing' %}
    union all
    select
        'published study: clients x contacts' as join_name,
        (select count(*) from bank_marketing_clients) as left_count,
        count(*) as joined_count,
        (select sum(balance) from bank_marketing_clients) as left_amount,
        sum(balance) as joined_amount
    from {{ ref('int_bank_marketing_contacts_joined') }}
    {%- endif %}
),

compared as (
    select
        join_name,
        cast(left_count as bigint) as left_count,
        cast(joined_count as bigint) as joined_count,
        cast(joined_amount as double) / nullif(cast(left_amount as double), 0) as amount_ratio,
        joined_count > left_count as is_fan_out,
        join_name like 'published study%' as is_expected
    from measured
)

select * from compared
