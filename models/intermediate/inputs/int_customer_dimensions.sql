-- The dimensions of the cube for each customer on the as-of date: what marts with a row per customer are filtered by.
{{ config(materialized='view') }}

with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(age_band_set()) }}
),

banded as (
    select
        profiled.customer_id,
        profiled.city,
        {{ band_of('profiled.age', 'age_bands') }} as age_band,
        profiled.gender,
        profiled.product_count,
        profiled.is_active
    from profiled
    left join age_bands on {{ is_within('profiled.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
)

select * from banded
