-- Customers on the as-of date, for the metrics of the semantic layer. A view, since it holds nothing of its own.
{{ config(materialized='view') }}

with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

scores as (
    select * from {{ ref('churn_scores') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

score_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'credit_score'
),

described as (
    select
        profiled.customer_id,
        as_of.as_of_date,
        dimensions.age_band,
        profiled.gender,
        profiled.city,
        {{ band_of('profiled.credit_score', 'score_bands') }} as credit_score_band,
        profiled.product_count,
        profiled.property_count,
        profiled.is_active,
        profiled.has_credit_card,
        profiled.has_known_balance,
        profiled.balance,
        churned.is_churned,
        churned.is_current,
        cast(
            case when churned.is_current then profiled.balance * scores.churn_probability end as decimal(18, 2)
        ) as value_at_risk_amount
    from profiled
    inner join churned on profiled.customer_id = churned.customer_id
    cross join as_of
    left join scores on profiled.customer_id = scores.customer_id
    inner join dimensions on profiled.customer_id = dimensions.customer_id
    left join score_bands on {{ is_within('profiled.credit_score', 'score_bands.lower_bound', 'score_bands.upper_bound') }}
)

select * from described
