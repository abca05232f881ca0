{#- The table that a model made in the previous build, to be read while it is rebuilt; none if there is no such table, or not all
    of the columns. The model says keep_former_table(this) in a pre-hook. -#}
{% macro former_table(relation, columns) %}
    {% do return(adapter.dispatch('former_table')(relation, columns)) %}
{% endmacro %}

{% macro default__former_table(relation, columns) %}
    {% set former = load_relation(relation) %}
    {% do return(former if has_columns(former, columns) else none) %}
{% endmacro %}

{#- A table is dropped before its successor is made, so the pre-hook has put it aside by then; where that build failed,
    what it put aside is still there. -#}
{% macro spark__former_table(relation, columns) %}
    {% set aside = spark__former_name(relation) %}
    {% do return(aside if has_columns(load_relation(relation) or load_relation(aside), columns) else none) %}
{% endmacro %}


{% macro keep_former_table(relation) %}
    {% if execute %}{% do adapter.dispatch('keep_former_table')(relation) %}{% endif %}
{% endmacro %}

{% macro default__keep_former_table(relation) %}
{% endmacro %}

{% macro spark__keep_former_table(relation) %}
    {% set former = load_relation(relation) %}
    {% if former is not none %}
        {% set aside = spark__former_name(relation) %}
        {% do adapter.drop_relation(aside) %}
        {% do adapter.rename_relation(former, aside) %}
    {% endif %}
{% endmacro %}

{% macro spark__former_name(relation) %}
    {% do return(api.Relation.create(
        schema=relation.schema, identifier=relation.identifier ~ '__former', type='table'
    )) %}
{% endmacro %}


{% macro has_columns(relation, columns) %}
    {% if relation is none %}{% do return(false) %}{% endif %}
    {% set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
    {% do return(columns | reject('in', present) | list | length == 0) %}
{% endmacro %}
