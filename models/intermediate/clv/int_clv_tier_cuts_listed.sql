-- The amounts that part the tiers of the active set, side by side.
with bounded as (
    select * from {{ ref('int_clv_tiers_bounded') }}
    where tier_set = {{ sql_literal(var('clv_tier_set')) }}
),

cuts as (
    select
        clv_family,
        cast(max(lower_bound_amount) filter (where tier_number = 2) as double) as medium_from,
        cast(max(lower_bound_amount) filter (where tier_number = 3) as double) as high_from
    from bounded
    group by clv_family
)

select * from cuts
