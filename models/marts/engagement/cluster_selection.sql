{%- set candidates = {'customers': 'int_customers_clustered'} -%}
{%- if var('source_system') == 'bank_marketing' -%}
    {%- do candidates.update({'bank_marketing_replication': 'int_bank_marketing_clustered'}) -%}
{%- endif %}

with candidates as (
    {%- for cluster_set, model in candidates.items() %}
    select distinct
        '{{ cluster_set }}' as cluster_set,
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
    from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from candidates
