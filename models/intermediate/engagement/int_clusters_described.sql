-- What each cluster is called and how it reads, by the rules of seed cluster_levels: the level of its money and of its
-- engagement make the segment on which strategies hang, and its most deviating measures come first in the sentence.
{%- set labels = {
    'age': 'age', 'monetary': 'amount', 'frequency': 'number of activities', 'recency': 'days of silence',
} %}

with measured as (
    select * from {{ ref('int_clusters_measured') }}
),

levels as (
    select * from {{ ref('cluster_levels') }}
),

segments as (
    select * from {{ ref('segments') }}
    where segment_scheme = 'cluster'
),

deviations as (
    {%- for measure, label in labels.items() %}
    select
        cluster_set,
        cluster_code,
        '{{ measure }}' as measure,
        '{{ label }}' as label,
        {{ measure }}_index as measure_index
    from measured
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

levelled as (
    select
        deviations.*,
        levels.level_code,
        levels.phrase,
        abs(ln(nullif(deviations.measure_index, 0))) as deviation
    from deviations
    inner join levels
        on
            deviations.measure = levels.measure
            and deviations.measure_index is not null
            and {{ is_within('deviations.measure_index', 'levels.lower_bound', 'levels.upper_bound') }}
),

summed_up as (
    select
        cluster_set,
        cluster_code,
        max(level_code) filter (where measure = 'monetary') as value_level,
        max(level_code) filter (where measure = 'frequency') as engagement_level,
        {{ dbt.listagg(
            "case when phrase is not null then phrase || ' (' || " ~ decimal_text('measure_index', 2)
            ~ " || ' times the average ' || label || ')' end",
            "', '",
            'order by deviation desc nulls first, measure'
        ) }} as phrases
    from levelled
    group by cluster_set, cluster_code
),

coded as (
    select
        measured.cluster_set,
        measured.cluster_code,
        case
            when measured.cluster_code in ('never_in_touch', 'unclustered') then measured.cluster_code
            else {{ concat_present(["summed_up.value_level || '_value'", 'summed_up.engagement_level'], '_') }}
        end as segment_code,
        case
            when measured.cluster_code in ('never_in_touch', 'unclustered') then null
            else coalesce({{ capitalised('summed_up.phrases') }}, 'Like the average in everything') || '.'
        end as phrases
    from measured
    left join summed_up
        on measured.cluster_set = summed_up.cluster_set and measured.cluster_code = summed_up.cluster_code
),

described as (
    select
        coded.cluster_set,
        coded.cluster_code,
        coded.segment_code,
        -- two clusters of one set may have the same segment; their codes distinguish them
        case
            when count(*) over (partition by coded.cluster_set, coded.segment_code) > 1
                then segments.segment_name || ' (' || coded.cluster_code || ')'
            else segments.segment_name
        end as cluster_name,
        {{ concat_present(["segments.reading || '.'", 'coded.phrases'], ' ') }} as interpretation
    from coded
    left join segments on coded.segment_code = segments.segment_code
)

select * from described
