with candidates as (
    select distinct
        'customers' as cluster_set,
        method_code,
        cluster_count,
        sampled_count,
        silhouette,
        davies_bouldin,
        cast(smallest_cluster_count as bigint) as smallest_cluster_count,
        minimum_jaccard,
        mean_jaccard,
        null_silhouette,
        silhouette_gap,
        is_selected,
        verdict
    from {{ ref('int_customers_clustered') }}
)

select * from candidates
