{#- What of a mart is published, as a select. -#}
{% macro published_rows(mart) %}
    {% set hidden = personal_columns() %}
    {% set columns = [] %}
    {% for column in mart.columns.values() if column.name not in hidden %}
        {% do columns.append(column.name) %}
    {% endfor %}
    {% do return('select ' ~ columns | join(', ') ~ ' from ' ~ node_relation(mart)) %}
{% endmacro %}


{#- The names of columns that a YAML file anywhere calls personal (config.meta.is_personal): a name means one thing, so no
    mart publishes a column of that name. -#}
{% macro personal_columns() %}
    {% set names = [] %}
    {% for node in graph.nodes.values() %}
        {% for column in (node.columns or {}).values() if column.config.meta.get('is_personal') and column.name not in names %}
            {% do names.append(column.name) %}
        {% endfor %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}
