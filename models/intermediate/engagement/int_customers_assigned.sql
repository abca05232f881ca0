-- The cluster of every customer, as scikit-learn's predict would say, from the table of parameters: a customer belongs
-- where the score is highest (of k-means: to the nearest centroid; of a mixture: to the most probable component). Where
-- money is not known, the other measures decide alone. Whoever was never in touch has no cluster.
{%- set in_use = clusters_in_use() -%}
{%- set clusters = in_use['clusters'] -%}
{%- set is_k_means = in_use['method'] == 'k_means' %}

with features as (
    select * from {{ ref('int_cluster_features_built') }}
),

{% if clusters -%}
scaled as (
    select
        customer_id
        {%- for measure in in_use['mean'] %},
        ({{ measure }} - {{ in_use['mean'][measure] }}) / {{ in_use['scale'][measure] }} as {{ measure }}
        {%- endfor %}
    from features
),

measured as (
    select
        customer_id
        {%- for cluster in clusters %},
        {%- if is_k_means %}
        {{ half_centroid_distance(cluster) }} as half_distance_{{ cluster['number'] }}
        {%- else %}
        case
            when recency is null then null
            when monetary is null then {{ half_cluster_distance(cluster, 'without_monetary') }}
            else {{ half_cluster_distance(cluster, 'all') }}
        end as half_distance_{{ cluster['number'] }},
        case
            when monetary is null then {{ cluster['offset']['without_monetary'] }}
            else {{ cluster['offset']['all'] }}
        end as offset_{{ cluster['number'] }}
        {%- endif %}
        {%- endfor %}
    from scaled
),

scored as (
    select
        *
        {%- for cluster in clusters %},
        {{ '-' if is_k_means else 'offset_' ~ cluster['number'] ~ ' - ' }}half_distance_{{ cluster['number'] }}
            as score_{{ cluster['number'] }}
        {%- endfor %}
    from measured
),

placed as (
    select
        *,
        greatest({% for cluster in clusters %}score_{{ cluster['number'] }}{{ ', ' if not loop.last }}{% endfor %})
            as best_score
    from scored
),

numbered as (
    select
        *,
        case
            {%- for cluster in clusters %}
            when score_{{ cluster['number'] }} = best_score then {{ cluster['number'] }}
            {%- endfor %}
        end as cluster_number
    from placed
),

compared as (
    select
        customer_id,
        cluster_number,
        best_score,
        {% if is_k_means -%}
        -best_score
        {%- else -%}
        case cluster_number
            {%- for cluster in clusters %}
            when {{ cluster['number'] }} then half_distance_{{ cluster['number'] }}
            {%- endfor %}
        end
        {%- endif %} as half_distance,
        greatest(
            {%- for cluster in clusters %}
            case when cluster_number <> {{ cluster['number'] }} then score_{{ cluster['number'] }} end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as second_score,
        {% if is_k_means -%}
        cast(null as double)
        {%- else -%}
        1.0 / (
            {%- for cluster in clusters %}
            {{ '+ ' if not loop.first }}exp(score_{{ cluster['number'] }} - best_score)
            {%- endfor %}
        )
        {%- endif %} as membership_probability
    from numbered
),

assigned as (
    select
        customer_id,
        cast(cluster_number as bigint) as cluster_number,
        sqrt(2.0 * half_distance) as cluster_distance,
        membership_probability,
        {% if is_k_means -%}
        -- scores are half squared distances below zero
        1.0 - sqrt(best_score / second_score)
        {%- else -%}
        membership_probability * (1.0 - exp(second_score - best_score))
        {%- endif %} as assignment_margin
    from compared
)
{%- else -%}
assigned as (
    select
        customer_id,
        cast(null as bigint) as cluster_number,
        cast(null as double) as cluster_distance,
        cast(null as double) as membership_probability,
        cast(null as double) as assignment_margin
    from features
)
{%- endif %}

select * from assigned
