-- The cuts of the cube from the seed, and one cut for each further set of age bands.
with seeded_cuts as (
    select * from {{ ref('churn_cuts') }}
),

age_band_sets as (
    select distinct band_set from {{ ref('int_bands_labelled') }}
    where column_name = 'age'
),

cube_cuts as (
    select
        {{ concat_present(['dimension_1', 'dimension_2', 'dimension_3'], ' x ') }} as cut_name,
        cast(
            1
            + case when dimension_2 is null then 0 else 1 end
            + case when dimension_3 is null then 0 else 1 end as bigint
        ) as cut_count,
        dimension_1,
        dimension_2,
        dimension_3,
        {{ sql_literal(var('age_band_set')) }} as age_band_set,
        true as is_in_cube
    from seeded_cuts
),

further_cuts as (
    select
        'age_band (' || band_set || ')' as cut_name,
        cast(1 as bigint) as cut_count,
        'age_band' as dimension_1,
        cast(null as {{ kind_type('text') }}) as dimension_2,
        cast(null as {{ kind_type('text') }}) as dimension_3,
        band_set as age_band_set,
        false as is_in_cube
    from age_band_sets
    where band_set <> {{ sql_literal(var('age_band_set')) }}
),

listed as (
    select * from cube_cuts
    union all
    select * from further_cuts
)

select * from listed
