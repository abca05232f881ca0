-- The cuts of the cube from the seed, one for each own column that may be one, and one cut for each further set of age bands.
with seeded_cuts as (
    select * from {{ layout_rows('churn_cuts') }}
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
        {{ sql_literal(age_band_set()) }} as age_band_set,
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
    where band_set <> {{ sql_literal(age_band_set()) }}
),

own_cuts as (
    {%- for name in own_feature_names(use='cube') %}
    select
        '{{ name }}' as cut_name,
        cast(1 as bigint) as cut_count,
        '{{ name }}' as dimension_1,
        cast(null as {{ kind_type('text') }}) as dimension_2,
        cast(null as {{ kind_type('text') }}) as dimension_3,
        {{ sql_literal(age_band_set()) }} as age_band_set,
        true as is_in_cube
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select * from cube_cuts
    where 1 = 0
    {%- endfor %}
),

listed as (
    select * from cube_cuts
    -- the seed may have a cut by an own column, too
    union
    select * from own_cuts
    union all
    select * from further_cuts
)

select * from listed
