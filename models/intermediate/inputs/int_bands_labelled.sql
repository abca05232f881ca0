with bands as (
    select * from {{ layout_rows('bands') }}
),

labelled as (
    select
        band_set,
        column_name,
        lower_bound,
        upper_bound,
        {{ bounds_label('lower_bound', 'upper_bound') }} as band,
        row_number() over (partition by band_set order by coalesce(lower_bound, -1), band_set) as band_number
    from bands
)

select * from labelled
