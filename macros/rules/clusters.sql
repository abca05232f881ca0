{#- The measures by which customers are clustered, and the sets of them that a customer may have: money may be unknown. -#}
{% macro cluster_patterns() %}
    {% do return({'all': ['recency', 'frequency', 'monetary'], 'without_monetary': ['recency', 'frequency']}) %}
{% endmacro %}


{#- The largest number of clusters that is tried. -#}
{% macro cluster_numbers() %}
    {% do return(range(1, number_var('cluster_maximum_count') + 1)) %}
{% endmacro %}


{#- int_cluster_parameters as one row, with a column for each pattern, cluster, measure and parameter: beside every customer
    it costs nothing, while a join to a row per cluster would multiply the customers. -#}
{% macro cluster_parameter_columns() -%}
    max(method_code) as method_code
    {%- for measure in cluster_patterns()['all'] %},
    max(measure_mean) filter (where measure = '{{ measure }}') as {{ measure }}_mean,
    max(measure_scale) filter (where measure = '{{ measure }}') as {{ measure }}_scale
    {%- endfor %}
    {%- for pattern, measures in cluster_patterns().items() %}
    {%- for number in cluster_numbers() %}
    {%- set rows = "known_measures = '" ~ pattern ~ "' and cluster_number = " ~ number %},
    max(score_offset) filter (where {{ rows }}) as {{ pattern }}_{{ number }}_offset
    {%- for measure in measures %},
    max(centroid) filter (where {{ rows }} and measure = '{{ measure }}')
        as {{ pattern }}_{{ number }}_{{ measure }}
    {%- for other in measures[loop.index0:] %},
    max(precision_{{ other }}) filter (where {{ rows }} and measure = '{{ measure }}')
        as {{ pattern }}_{{ number }}_{{ measure }}_{{ other }}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{#- Half the squared distance of a customer to a cluster under its precisions, in standardised units. -#}
{% macro half_cluster_distance(pattern, number) -%}
    {%- set measures = cluster_patterns()[pattern] -%}
    {%- set terms = [] -%}
    {%- for measure in measures -%}
        {%- for other in measures[loop.index0:] -%}
            {%- set weight = 0.5 if measure == other else 1.0 -%}
            {%- do terms.append(
                weight ~ ' * ' ~ pattern ~ '_' ~ number ~ '_' ~ measure ~ '_' ~ other
                ~ ' * ' ~ cluster_deviation(pattern, number, measure) ~ ' * ' ~ cluster_deviation(pattern, number, other)
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    ({{ terms | join(' + ') }})
{%- endmacro %}


{% macro cluster_deviation(pattern, number, measure) -%}
    (({{ measure }} - {{ measure }}_mean) / {{ measure }}_scale - {{ pattern }}_{{ number }}_{{ measure }})
{%- endmacro %}


{#- `expression` of the pattern that a customer has; null for one who was never in touch. -#}
{% macro by_cluster_pattern(expressions) -%}
    case
        when recency is null then null
        when monetary is null then {{ expressions['without_monetary'] }}
        else {{ expressions['all'] }}
    end
{%- endmacro %}
