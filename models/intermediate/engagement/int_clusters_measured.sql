-- Size, averages and medians of each cluster, and its averages over those of all members of its set.
{%- set measures = {
    'age': 'age', 'monetary': 'monetary_amount', 'frequency': 'frequency_count', 'recency': 'recency_days',
} %}

with placed as (
    select * from {{ ref('int_customers_placed') }}
),

rfm as (
    select * from {{ ref('int_customers_rfm') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

-- the members of every set of clusters, with what clusters are described by
members as (
    select
        'customers' as cluster_set,
        placed.cluster_code,
        profiled.age,
        rfm.monetary_amount,
        rfm.frequency_count,
        rfm.recency_days
    from placed
    inner join rfm on placed.customer_id = rfm.customer_id
    inner join profiled on placed.customer_id = profiled.customer_id
    {%- if var('source_system') == 'bank_marketing' %}
    union all
    select
        'bank_marketing_replication' as cluster_set,
        clustered.cluster_code,
        groups.age,
        groups.monetary_amount,
        groups.frequency_count,
        groups.recency_days
    from {{ ref('int_bank_marketing_groups_measured') }} as groups
    inner join {{ ref('int_bank_marketing_clustered') }} as clustered on groups.group_id = clustered.group_id
    {%- endif %}
),

counted as (
    select
        cluster_set,
        cluster_code,
        count(*) as customers_count,
        {%- for column in measures.values() %}
        {{ exact_average(column) }} as average_{{ column }},
        median(cast({{ column }} as double)) as median_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from members
    group by cluster_set, cluster_code
),

base as (
    select
        cluster_set,
        count(*) as base_count
        {%- for column in measures.values() %},
        {{ exact_average(column) }} as base_{{ column }}
        {%- endfor %}
    from members
    group by cluster_set
),

measured as (
    select
        counted.*,
        cast(counted.customers_count as double) / base.base_count as customers_share
        {%- for measure, column in measures.items() %},
        counted.average_{{ column }} / nullif(base.base_{{ column }}, 0) as {{ measure }}_index
        {%- endfor %}
    from counted
    inner join base on counted.cluster_set = base.cluster_set
)

select * from measured
