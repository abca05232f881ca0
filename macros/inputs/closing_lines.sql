{#- What a run says of its inputs when it ends, whether it was published or not. -#}
{% macro log_inputs(results) %}
    {% do log_set_aside(results) %}
    {% do log_notes(results, 'int_input_findings', 'finding', 'severity, entity_name, finding', "severity <> 'accepted'") %}
    {% do log_notes(results, 'int_inputs_noted', 'note', 'entity_name, note_number', 'is_near_miss') %}
    {% do log_notes(results, 'int_churn_notes', 'note', 'note_number') %}
{% endmacro %}


{#- The relation of a model that this run has built; none where it has not. -#}
{% macro built_relation(results, name) %}
    {% for result in results if result.node.name == name and result.status | string == 'success' %}
        {% do return(node_relation(result.node)) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{#- A line that two entities are staged from is one raw row. -#}
{% macro log_set_aside(results) %}
    {% set quarantine = built_relation(results, 'quality_quarantine') %}
    {% set reconciliation = built_relation(results, 'quality_reconciliation') %}
    {% if quarantine is not none %}
        {% set count = run_query(
            'select count(*) from (select distinct file_name, line_number from ' ~ quarantine ~ ') as raw_rows'
        ).columns[0].values()[0] | int %}
        {% if count %}
            {% do log(
                counted(count, 'raw row is', 'raw rows are') ~ ' in quarantine: ' ~ quarantine.schema ~ '.'
                ~ quarantine.identifier ~ ' in the work database says where and why.', info=true
            ) %}
        {% endif %}
    {% endif %}
    {% if reconciliation is not none %}
        {% set copies = run_query(
            'select source_name, deduplicated_count from ' ~ reconciliation ~ ' where deduplicated_count > 0 order by source_name'
        ).rows %}
        {% set parts = [] %}
        {% for row in copies %}{% do parts.append(row[1] ~ ' in ' ~ row[0]) %}{% endfor %}
        {% if parts %}{% do log('Exact copies of rows were removed: ' ~ parts | join(', ') ~ '.', info=true) %}{% endif %}
    {% endif %}
{% endmacro %}


{#- Each of the notes that a model has made is a sentence. -#}
{% macro log_notes(results, model, column, order, condition='true') %}
    {% set relation = built_relation(results, model) %}
    {% if relation is not none %}
        {% set notes = run_query(
            'select ' ~ column ~ ' from ' ~ relation ~ ' where ' ~ condition ~ ' order by ' ~ order
        ).columns[0].values() %}
        {% if notes %}{% do log(notes | join('. ') ~ '.', info=true) %}{% endif %}
    {% endif %}
{% endmacro %}


{% macro counted(count, one, many) -%}
    {{ return(count ~ ' ' ~ (one if count == 1 else many)) }}
{%- endmacro %}
