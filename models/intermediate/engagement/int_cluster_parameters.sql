-- What places every customer: the parameters of the candidate that was selected; no rows where none was.
with candidates as (
    select * from {{ ref('int_customers_clustered') }}
),

selected as (
    select
        method_code,
        cast(cluster_number as bigint) as cluster_number,
        known_measures,
        measure,
        measure_mean,
        measure_scale,
        centroid,
        precision_recency,
        precision_frequency,
        precision_monetary,
        score_offset
    from candidates
    where is_selected and cluster_number is not null
)

select * from selected
