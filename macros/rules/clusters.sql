{#- The clusters in use, as int_cluster_parameters has them while a model that depends on it runs: method, the mean and
    scale of each measure, and a list of clusters, each with number, centroid, and offset and precisions of each pattern of
    known measures. Numbers come as literals, so that a customer is placed by plain arithmetic: on large extracts half the
    time that a join to the table takes. No clusters where nothing was selected, or nothing has been built yet. -#}
{% macro clusters_in_use() %}
    {% set found = {'method': none, 'mean': {}, 'scale': {}, 'clusters': []} %}
    {% set parameters = ref('int_cluster_parameters') %}
    {% if not execute or load_relation(parameters) is none %}{% do return(found) %}{% endif %}
    {% set measures = ['recency', 'frequency', 'monetary'] %}
    {% set query %}
        select
            method_code, cluster_number, known_measures, measure
            {%- for name in ['measure_mean', 'measure_scale', 'centroid', 'score_offset'] %},
            cast({{ name }} as {{ kind_type('text') }}) as {{ name }}
            {%- endfor %}
            {%- for measure in measures %},
            case when precision_{{ measure }} <> 0.0 then cast(precision_{{ measure }} as {{ kind_type('text') }}) end
                as {{ measure }}
            {%- endfor %}
        from {{ parameters }}
        order by cluster_number, known_measures, measure
    {% endset %}
    {% for row in run_query(query) %}
        {% do found.update({'method': row['method_code']}) %}
        {% do found['mean'].update({row['measure']: double_literal(row['measure_mean'])}) %}
        {% do found['scale'].update({row['measure']: double_literal(row['measure_scale'])}) %}
        {% if not found['clusters'] or found['clusters'][-1]['number'] != row['cluster_number'] | int %}
            {% do found['clusters'].append({
                'number': row['cluster_number'] | int, 'centroid': {}, 'offset': {}, 'precision': {},
            }) %}
        {% endif %}
        {% set cluster = found['clusters'][-1] %}
        {% do cluster['centroid'].update({row['measure']: double_literal(row['centroid'])}) %}
        {% do cluster['offset'].update({row['known_measures']: double_literal(row['score_offset'])}) %}
        {% set precision = cluster['precision'].setdefault(row['known_measures'], {}) %}
        {% for other in measures if row[other] is not none %}
            {% do precision.update({(row['measure'], other): double_literal(row[other])}) %}
        {% endfor %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{% macro double_literal(text) %}
    {% do return('cast(' ~ sql_literal(text) ~ ' as double)') %}
{% endmacro %}


{#- Half the squared distance of a customer to a cluster, under the precisions of the measures that are known. The columns
    are the measures, standardised. -#}
{% macro half_cluster_distance(cluster, pattern) -%}
    {%- set terms = [] -%}
    {%- for measures, precision in cluster['precision'][pattern].items() -%}
        {%- do terms.append(
            precision ~ ' * (' ~ measures[0] ~ ' - ' ~ cluster['centroid'][measures[0]] ~ ') * ('
            ~ measures[1] ~ ' - ' ~ cluster['centroid'][measures[1]] ~ ')'
        ) -%}
    {%- endfor -%}
    0.5 * ({{ terms | join(' + ') or '0.0' }})
{%- endmacro %}


{#- The same to a centroid of k-means, under which measures count alike: one that is not known, as money may be, adds
    nothing. In one expression, since a branch for each pattern takes longer than the arithmetic. -#}
{% macro half_centroid_distance(cluster) -%}
    0.5 * (
        {%- for measure, centroid in cluster['centroid'].items() %}
        {%- set square = '(' ~ measure ~ ' - ' ~ centroid ~ ') * (' ~ measure ~ ' - ' ~ centroid ~ ')' %}
        {{ '+ ' if not loop.first }}{{ 'coalesce(' ~ square ~ ', 0.0)' if measure == 'monetary' else square }}
        {%- endfor %}
    )
{%- endmacro %}


{#- The CTEs up to `assigned` that place the rows of a relation in clusters, as scikit-learn's predict would, from the table of
    parameters: a customer belongs where the score is highest (of k-means: to the nearest centroid; of a mixture: to the
    most probable component). Where money is not known, the other measures decide alone. Without any contact there is no
    cluster. The relation has recency, frequency and monetary on the scale of the clusters, on whatever day; `columns` are
    those that are carried along. -#}
{% macro cluster_assignment(features, columns) -%}
    {%- set in_use = clusters_in_use() -%}
    {%- set clusters = in_use['clusters'] -%}
    {%- set is_k_means = in_use['method'] == 'k_means' %}
{% if clusters -%}
scaled as (
    select
        {{ columns | join(', ') }}
        {%- for measure in in_use['mean'] %},
        ({{ measure }} - {{ in_use['mean'][measure] }}) / {{ in_use['scale'][measure] }} as {{ measure }}
        {%- endfor %}
    from {{ features }}
),

measured as (
    select
        {{ columns | join(', ') }}
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
        {{ columns | join(', ') }},
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
        {{ columns | join(', ') }},
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
        {{ columns | join(', ') }},
        cast(null as bigint) as cluster_number,
        cast(null as double) as cluster_distance,
        cast(null as double) as membership_probability,
        cast(null as double) as assignment_margin
    from {{ features }}
)
{%- endif %}
{%- endmacro %}
