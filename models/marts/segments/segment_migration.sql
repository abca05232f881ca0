-- Between two days of the history, how many customers of one segment were in another. Beside it the share of them that chance alone
-- would show: where ranks are stable but for noise, as many customers move one way as the other (the symmetry that Bowker, 1948,
-- tests), so of a migration the part is chance that the opposite one makes up for.
with moves as (
    select * from {{ ref('int_segment_moves_counted') }}
    where span_months > 0
),

named as (
    select * from {{ ref('int_segments_named') }}
),

mirrored as (
    select
        moves.*,
        -- between segments alone: nobody comes back to the state of not being a customer yet
        moves.from_segment_code not in ('not_yet', 'churned')
        and moves.to_segment_code not in ('churned', 'ended')
        and moves.from_segment_code <> moves.to_segment_code as has_chance,
        coalesce(opposite.customers_count, 0) as opposite_count
    from moves
    left join moves as opposite
        on
            moves.segment_scheme = opposite.segment_scheme
            and moves.span_months = opposite.span_months
            and moves.from_on = opposite.from_on
            and moves.from_segment_code = opposite.to_segment_code
            and moves.to_segment_code = opposite.from_segment_code
),

final as (
    select
        mirrored.segment_scheme,
        mirrored.span_months,
        mirrored.from_on,
        mirrored.to_on,
        mirrored.from_segment_code,
        {{ segment_or_state_name('mirrored.from_segment_code', 'from_named.segment_name') }} as from_segment_name,
        mirrored.to_segment_code,
        {{ segment_or_state_name('mirrored.to_segment_code', 'to_named.segment_name') }} as to_segment_name,
        mirrored.from_count,
        mirrored.customers_count,
        cast(mirrored.customers_count as double) / mirrored.from_count as migration_share,
        {{ wilson_lower('mirrored.customers_count', 'mirrored.from_count') }} as migration_share_ci_lower,
        {{ wilson_upper('mirrored.customers_count', 'mirrored.from_count') }} as migration_share_ci_upper,
        case
            when mirrored.has_chance
                then least(1.0, cast(mirrored.opposite_count as double) / mirrored.customers_count)
        end as chance_share,
        mirrored.from_clv_amount,
        mirrored.to_clv_amount
    from mirrored
    left join named as from_named
        on mirrored.segment_scheme = from_named.segment_scheme and mirrored.from_segment_code = from_named.segment_code
    left join named as to_named
        on mirrored.segment_scheme = to_named.segment_scheme and mirrored.to_segment_code = to_named.segment_code
)

select * from final
