with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age'
),

age_band_sets as (
    select distinct band_set from age_bands
),

members as (
    select
        profiled.customer_id,
        age_band_sets.band_set as age_band_set,
        {{ band_of('profiled.age', 'age_bands') }} as age_band
    from profiled
    cross join age_band_sets
    left join age_bands
        on
            age_band_sets.band_set = age_bands.band_set
            and {{ is_within('profiled.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
)

{{ rfm_by(['age_band_set', 'age_band'], 'members') }}
