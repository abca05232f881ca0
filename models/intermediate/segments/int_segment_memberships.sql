-- The segments of every observation, in one shape: one row per observation, scheme and segment. Thresholds, centres and bounds
-- are those of the as-of date, applied to the day of the observation. Rule segments cover everybody (`unassigned` where no
-- segment's rules are all met); segments of the schemes `churn` and `study` may overlap, and segment_rank 1 is then the one
-- that is used.
{%- set keys = ['customer_id', 'churn_basis', 'window_number', 'observed_on', 'is_rated', 'is_churned', 'is_discovery'] %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
),

churn_segments as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
    where verdict = 'kept'
),

rules as (
    select * from {{ ref('int_segment_rules_listed') }}
),

-- no two of them overlap
rule_segments as (
    select * from rules
    where segment_scheme = 'rule'
),

-- those of other schemes that people own, and those of the churn segments that were kept
overlapping_segments as (
    select * from rules
    where
        segment_scheme not in ('rule', 'churn')
        or segment_scheme = 'churn' and segment_code in (select churn_segments.segment_code from churn_segments)
),

ruled as (
    {{ evaluate_segment_rules('observations', 'rule_segments', keys, keeps_all=true) }}
),

overlapping as (
    {{ evaluate_segment_rules('observations', 'overlapping_segments', keys) }}
),

ranked as (
    select
        overlapping.*,
        row_number() over (
            partition by
                overlapping.customer_id, overlapping.churn_basis, overlapping.window_number, overlapping.segment_scheme
            order by churn_segments.segment_rank nulls last, overlapping.segment_code
        ) as segment_rank
    from overlapping
    left join churn_segments
        on overlapping.segment_scheme = 'churn' and overlapping.segment_code = churn_segments.segment_code
),

-- what customers are on the as-of date, and what they were on the first day of a window
exclusive as (
    select
        customer_id,
        cast(null as bigint) as window_number,
        'rfm' as segment_scheme,
        rfm_segment as segment_code
    from {{ ref('int_customers_scored') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
    union all
    select
        customer_id,
        window_number,
        'rfm' as segment_scheme,
        rfm_segment as segment_code
    from {{ ref('int_rfm_observed') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen) and churn_basis = 'window'
    union all
    select
        placed.customer_id,
        cast(null as bigint) as window_number,
        'cluster' as segment_scheme,
        described.segment_code
    from {{ ref('int_customers_placed') }} as placed
    inner join {{ ref('int_clusters_described') }} as described
        on described.cluster_set = 'customers' and placed.cluster_code = described.cluster_code
    union all
    select
        observed.customer_id,
        observed.window_number,
        'cluster' as segment_scheme,
        described.segment_code
    from {{ ref('int_clusters_observed') }} as observed
    inner join {{ ref('int_clusters_described') }} as described
        on described.cluster_set = 'customers' and observed.cluster_code = described.cluster_code
    where observed.churn_basis = 'window'
    union all
    select
        customer_id,
        cast(null as bigint) as window_number,
        'clv_tier' as segment_scheme,
        clv_tier as segment_code
    from {{ ref('int_clv_customers_valued') }}
    union all
    select
        observed.customer_id,
        observed.window_number,
        'clv_tier' as segment_scheme,
        tiers.clv_tier as segment_code
    from {{ ref('int_clv_values_observed') }} as observed
    cross join {{ ref('int_clv_family_chosen') }} as chosen
    inner join {{ ref('int_clv_tiers_bounded') }} as tiers
        on
            chosen.clv_family = tiers.clv_family
            and tiers.tier_set = {{ sql_literal(var('clv_tier_set')) }}
            and {{ is_within('observed.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
    where observed.churn_basis = 'window'
),

exclusive_memberships as (
    select
        {%- for key in keys %}
        observations.{{ key }},
        {%- endfor %}
        exclusive.segment_scheme,
        exclusive.segment_code,
        1 as segment_rank
    from exclusive
    inner join observations
        on
            exclusive.customer_id = observations.customer_id
            and coalesce(exclusive.window_number, 0) = coalesce(observations.window_number, 0)
),

memberships as (
    select
        {{ keys | join(',
        ') }},
        'rule' as segment_scheme,
        coalesce(segment_code, 'unassigned') as segment_code,
        1 as segment_rank
    from ruled
    union all
    select * from ranked
    union all
    select * from exclusive_memberships
)

select * from memberships
