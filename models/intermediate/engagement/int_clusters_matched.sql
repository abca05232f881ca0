-- The code of each cluster, and the cluster of the build before from which it has it.
with members as (
    select * from {{ ref('int_cluster_members_coded') }}
    where cluster_number is not null
),

matched as (
    select distinct
        cluster_number,
        cluster_code,
        former_cluster_code,
        match_jaccard
    from members
)

select * from matched
