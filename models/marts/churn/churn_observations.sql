-- The observations behind the churn rates, for the metrics of the semantic layer: who was at risk, as of that day, and what
-- followed. A view, since it holds nothing of its own.
{{ config(materialized='view') }}

with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(age_band_set()) }}
),

score_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'credit_score'
),

described as (
    select
        observations.customer_id,
        as_of.as_of_date,
        {{ churn_period_columns('observations') | indent(4) }},
        {{ band_of('observations.age', 'age_bands') }} as age_band,
        observations.gender,
        observations.city,
        {{ band_of('observations.credit_score', 'score_bands') }} as credit_score_band,
        observations.product_count,
        observations.property_count,
        observations.is_active,
        observations.has_credit_card,
        observations.has_known_balance,
        observations.is_churned
    from observations
    cross join as_of
    left join age_bands on {{ is_within('observations.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    left join score_bands on {{ is_within('observations.credit_score', 'score_bands.lower_bound', 'score_bands.upper_bound') }}
)

select * from described
