-- Every segmentation that strategies can hang on, in one shape: one row per customer, scheme and segment. Where segments
-- of a scheme overlap, segment_rank 1 is the one that speaks for the customer.
with ruled as (
    select * from {{ ref('int_customers_ruled') }}
),

churn_segments as (
    select * from {{ ref('int_churn_segments_ranked') }}
),

scored as (
    select * from {{ ref('int_customers_scored') }}
    where rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}
),

clustered as (
    select
        placed.customer_id,
        described.segment_code
    from {{ ref('int_customers_placed') }} as placed
    inner join {{ ref('int_clusters_described') }} as described
        on described.cluster_set = 'customers' and placed.cluster_code = described.cluster_code
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

overlapping as (
    select
        ruled.customer_id,
        ruled.segment_scheme,
        ruled.segment_code,
        row_number() over (
            partition by ruled.customer_id, ruled.segment_scheme
            order by churn_segments.segment_rank nulls last, ruled.segment_code
        ) as segment_rank
    from ruled
    left join churn_segments on ruled.segment_scheme = 'churn' and ruled.segment_code = churn_segments.segment_code
),

exclusive as (
    select
        customer_id,
        'rfm' as segment_scheme,
        rfm_segment as segment_code
    from scored
    union all
    select
        customer_id,
        'cluster' as segment_scheme,
        segment_code
    from clustered
    union all
    select
        customer_id,
        'clv_tier' as segment_scheme,
        clv_tier as segment_code
    from valued
),

segmented as (
    select
        customer_id,
        segment_scheme,
        segment_code,
        segment_rank
    from overlapping
    union all
    select
        customer_id,
        segment_scheme,
        segment_code,
        1 as segment_rank
    from exclusive
)

select * from segmented
