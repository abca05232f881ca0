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
