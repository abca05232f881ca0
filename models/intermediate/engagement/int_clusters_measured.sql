-- Size, averages and medians of each cluster, and its averages over those of all members of its set.
{%- set measures = {
    'age': 'age', 'monetary': 'monetary_amount', 'frequency': 'frequency_count', 'recency': 'recency_days',
} %}

with members as (
    select * from {{ ref('int_cluster_members_united') }}
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
