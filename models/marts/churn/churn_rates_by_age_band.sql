with compared as (
    select * from {{ ref('int_churn_rates_compared') }}
    where cut_name like 'age_band%' and cut_count = 1
),

bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age'
),

numbered as (
    select
        age_band_set,
        cut_value as age_band,
        cast(bands.band_number as bigint) as age_band_number,
        {{ churn_rate_columns() }}
    from compared
    left join bands on compared.age_band_set = bands.band_set and compared.cut_value = bands.band
)

select * from numbered
