with bands as (
    select
        *,
        lead(lower_bound) over (partition by band_set order by coalesce(lower_bound, -1e18)) as next_lower_bound
    from {{ ref('bands') }}
)

select *
from bands
where next_lower_bound is not null and (upper_bound is null or upper_bound <> next_lower_bound)
