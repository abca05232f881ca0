-- Clusters keep their codes: each takes the code of the cluster of the build before with which it shares most of its
-- customers, and one that is new takes a number that was never used. The table remembers, in the sample, who had which
-- code, and is read here before it is replaced; a full refresh forgets. More than half in common can only be with one.
{%- set remembered = ['cluster_set_key', 'customer_id', 'cluster_code', 'highest_code_number'] -%}
{{ config(pre_hook="{{ keep_former_table(this) }}") }}
{%- set former = former_table(this, remembered) if execute and not flags.FULL_REFRESH else none %}

with cluster_set as (
    select {{ sql_literal(var('source_system') ~ '.') }} || rfm_scheme as cluster_set_key
    from {{ ref('int_rfm_scheme_chosen') }}
),

sampled as (
    select * from {{ ref('int_cluster_customers_sampled') }}
),

members as (
    select
        assigned.customer_id,
        assigned.cluster_number
    from sampled
    inner join {{ ref('int_customers_assigned') }} as assigned on sampled.customer_id = assigned.customer_id
    where assigned.cluster_number is not null
),

all_former_members as (
    {%- if former is not none %}
    select {{ remembered | join(', ') }} from {{ former }}
    {%- else %}
    select
        cast(null as {{ kind_type('text') }}) as cluster_set_key,
        cast(null as {{ kind_type('text') }}) as customer_id,
        cast(null as {{ kind_type('text') }}) as cluster_code,
        cast(null as bigint) as highest_code_number
    where 1 = 0
    {%- endif %}
),

former_members as (
    select * from all_former_members
    where cluster_set_key in (select cluster_set.cluster_set_key from cluster_set)
),

in_both as (
    select
        members.cluster_number,
        former_members.cluster_code as former_cluster_code,
        count(*) as shared_count
    from members
    inner join former_members on members.customer_id = former_members.customer_id
    group by members.cluster_number, former_members.cluster_code
),

compared as (
    select
        *,
        cast(shared_count as double) / (
            sum(shared_count) over (partition by cluster_number)
            + sum(shared_count) over (partition by former_cluster_code)
            - shared_count
        ) as match_jaccard
    from in_both
),

matched as (
    select * from compared
    where match_jaccard > 0.5
),

numbers as (
    select distinct cluster_number from members
),

highest as (
    select coalesce(max(highest_code_number), 0) as former_number from former_members
),

coded as (
    select
        numbers.cluster_number,
        matched.former_cluster_code,
        matched.match_jaccard,
        coalesce(
            matched.former_cluster_code,
            'c' || {{ whole_text(
                'highest.former_number + row_number() over (partition by matched.cluster_number is null '
                ~ 'order by numbers.cluster_number)'
            ) }}
        ) as cluster_code,
        highest.former_number
        + count(case when matched.cluster_number is null then 1 end) over () as highest_code_number
    from numbers
    cross join highest
    left join matched on numbers.cluster_number = matched.cluster_number
),

remembered as (
    select
        cluster_set.cluster_set_key,
        members.customer_id,
        members.cluster_number,
        coded.cluster_code,
        coded.former_cluster_code,
        coded.match_jaccard,
        cast(coded.highest_code_number as bigint) as highest_code_number
    from members
    inner join coded on members.cluster_number = coded.cluster_number
    cross join cluster_set
    union all
    -- those of other extracts in the same database, and of this one for as long as it shows no clusters
    select
        cluster_set_key,
        customer_id,
        cast(null as bigint) as cluster_number,
        cluster_code,
        cast(null as {{ kind_type('text') }}) as former_cluster_code,
        cast(null as double) as match_jaccard,
        highest_code_number
    from all_former_members
    where
        cluster_set_key not in (select cluster_set.cluster_set_key from cluster_set)
        or not exists (select 1 from members)
)

select * from remembered
