-- The customers at risk on each day of the history, with their segment of every scheme that has one on that day and their value:
-- clusters and tiers by the centres and bounds of the as-of date.
with observations as (
    select * from {{ ref('int_history_observations') }}
    where is_at_risk
),

rfm as (
    select
        customer_id,
        month_number,
        rfm_segment,
        {{ signed_log('recency_days') }} as recency,
        {{ signed_log('frequency_count') }} as frequency,
        {{ signed_log('monetary_amount') }} as monetary
    from {{ ref('int_rfm_history_scored') }}
),

matched as (
    select * from {{ ref('int_clusters_matched') }}
),

described as (
    select * from {{ ref('int_clusters_described') }}
    where cluster_set = 'customers'
),

structure as (
    select count(*) > 0 as has_clusters from matched
),

{{ cluster_assignment('rfm', ['customer_id', 'month_number', 'rfm_segment']) }},

engaged as (
    select
        assigned.customer_id,
        assigned.month_number,
        assigned.rfm_segment,
        described.segment_code as cluster_segment
    from assigned
    cross join structure
    left join matched on assigned.cluster_number = matched.cluster_number
    left join described
        on described.cluster_code = case
            when matched.cluster_code is not null then matched.cluster_code
            when structure.has_clusters then 'never_in_touch'
            else 'unclustered'
        end
),

valued as (
    select
        customer_id,
        month_number,
        cast(horizon_value as decimal(18, 2)) as clv_amount
    from {{ ref('int_clv_history_valued') }}
    union all
    select
        customer_id,
        cast(0 as bigint) as month_number,
        clv_amount
    from {{ ref('int_clv_customers_valued') }}
),

tiers as (
    select bounded.*
    from {{ ref('int_clv_tiers_bounded') }} as bounded
    inner join {{ ref('int_clv_family_chosen') }} as chosen on bounded.clv_family = chosen.clv_family
    where bounded.tier_set = {{ sql_literal(var('clv_tier_set')) }}
),

tiered as (
    select
        valued.*,
        tiers.clv_tier
    from valued
    inner join tiers on {{ is_within('valued.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
),

members as (
    select
        observations.customer_id,
        observations.month_number,
        observations.first_started_on,
        observations.ends_otherwise,
        engaged.rfm_segment,
        engaged.cluster_segment,
        tiered.clv_tier,
        tiered.clv_amount
    from observations
    left join engaged
        on observations.customer_id = engaged.customer_id and observations.month_number = engaged.month_number
    left join tiered
        on observations.customer_id = tiered.customer_id and observations.month_number = tiered.month_number
)

select * from members
