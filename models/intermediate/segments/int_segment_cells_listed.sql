-- Every segment, RFM segment, cluster and tier whose outcome a mart shows, today and in the history, in the form of
-- int_churn_cells_listed: cells of equal dimensions and values are one, and the clusters of a segment add up to it.
{%- set no_text = 'cast(null as ' ~ kind_type('text') ~ ')' %}

with segments as (
    select
        segment_scheme as cut_name,
        segment_code as cut_value,
        segment_scheme as dimension_1,
        segment_code as value_1,
        {{ no_text }} as dimension_2,
        {{ no_text }} as value_2,
        known_outcome_count as customers_count,
        churned_count
    from {{ ref('int_segment_rates') }}
),

rfm_segments as (
    select
        'rfm: ' || observed.rfm_scheme as cut_name,
        observed.rfm_segment as cut_value,
        case when chosen.rfm_scheme is not null then 'rfm' else 'rfm: ' || observed.rfm_scheme end as dimension_1,
        observed.rfm_segment as value_1,
        {{ no_text }} as dimension_2,
        {{ no_text }} as value_2,
        count(observed.is_churned) as customers_count,
        count(*) filter (where observed.is_churned) as churned_count
    from {{ ref('int_rfm_observed') }} as observed
    left join {{ ref('int_rfm_scheme_chosen') }} as chosen on observed.rfm_scheme = chosen.rfm_scheme
    where observed.is_rated
    group by observed.rfm_scheme, chosen.rfm_scheme, observed.rfm_segment
),

clusters as (
    select
        'cluster: ' || described.cluster_set as cut_name,
        described.cluster_code as cut_value,
        'cluster' as dimension_1,
        max(described.segment_code) as value_1,
        'cluster_code' as dimension_2,
        described.cluster_code as value_2,
        count(observed.is_churned) as customers_count,
        count(*) filter (where observed.is_churned) as churned_count
    from {{ ref('int_clusters_observed') }} as observed
    inner join {{ ref('int_clusters_described') }} as described
        on described.cluster_set = 'customers' and observed.cluster_code = described.cluster_code
    where observed.is_rated
    group by described.cluster_set, described.cluster_code
),

tiers as (
    select
        'tier: ' || counted.tier_set as cut_name,
        counted.clv_tier as cut_value,
        case when counted.tier_set = {{ sql_literal(var('clv_tier_set')) }} then 'clv_tier' else 'tier: ' || counted.tier_set end
            as dimension_1,
        counted.clv_tier as value_1,
        {{ no_text }} as dimension_2,
        {{ no_text }} as value_2,
        count(observed.is_churned) as customers_count,
        count(*) filter (where observed.is_churned) as churned_count
    from {{ ref('int_clv_values_observed') }} as observed
    inner join {{ ref('int_clv_tiers_counted') }} as counted
        on
            counted.tier_number > 0
            and {{ is_within('observed.clv_amount', 'counted.lower_bound_amount', 'counted.upper_bound_amount') }}
    group by counted.tier_set, counted.clv_tier
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

-- what followed in the history; from the day on which the outcome window opens to its end, these are the segments above
histories as (
    select
        concat('history ', moves.segment_scheme, ' ', moves.span_months, ' ', moves.from_on) as cut_name,
        moves.from_segment_code as cut_value,
        case
            when moves.from_on = rated_day.observed_on and moves.to_on = rated_day.closes_on then moves.segment_scheme
            else concat('history ', moves.segment_scheme, ' ', moves.span_months, ' ', moves.from_on)
        end as dimension_1,
        moves.from_segment_code as value_1,
        {{ no_text }} as dimension_2,
        {{ no_text }} as value_2,
        coalesce(sum(moves.customers_count) filter (where moves.to_segment_code <> 'ended'), 0) as customers_count,
        coalesce(sum(moves.customers_count) filter (where moves.to_segment_code = 'churned'), 0) as churned_count
    from {{ ref('int_segment_moves_counted') }} as moves
    left join rated_day on true
    where moves.span_months > 0 and moves.from_segment_code not in ('not_yet', 'churned')
    group by all
),

-- churn within the outcome window from each day of the history whose window has passed
outcomes as (
    select
        concat('outcome ', moves.segment_scheme, ' ', moves.from_on) as cut_name,
        moves.from_segment_code as cut_value,
        case
            when moves.from_on = rated_day.observed_on then moves.segment_scheme
            else concat('outcome ', moves.segment_scheme, ' ', moves.from_on)
        end as dimension_1,
        moves.from_segment_code as value_1,
        {{ no_text }} as dimension_2,
        {{ no_text }} as value_2,
        moves.outcome_known_count as customers_count,
        moves.outcome_churned_count as churned_count
    from {{ ref('int_segment_moves_counted') }} as moves
    left join rated_day on true
    where moves.span_months = 0
),

united as (
    select * from segments
    union all
    select * from rfm_segments
    union all
    select * from clusters
    union all
    select * from tiers
    union all
    select * from histories
    union all
    select * from outcomes
),

final as (
    select
        cut_name,
        cut_value,
        dimension_1,
        value_1,
        dimension_2,
        value_2,
        {{ no_text }} as dimension_3,
        {{ no_text }} as value_3,
        cast(customers_count as bigint) as customers_count,
        cast(churned_count as bigint) as churned_count
    from united
    where customers_count > 0
)

select * from final
