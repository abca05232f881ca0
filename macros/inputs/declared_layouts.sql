{#- Layouts that need no staging file, for projects that have this one as a package: var declarations has, for each entity of a
    layout, what a staging file would declare (see raw_files.sql). Instead of a `file`, a declaration may name a `model`: a
    model, seed or snapshot of that project, which is built first. -#}


{#- Entity -> declaration, of the active layout; none where staging files declare it. -#}
{% macro declared_layout() %}
    {% set layouts = var('declarations') %}
    {% set layout = layouts.get(var('source_system')) if layouts is mapping else none %}
    {% do return(layout if layout is mapping else {}) %}
{% endmacro %}


{% macro declared_raw(entity_name) %}
    {% set raw = declared_layout().get(entity_name) %}
    {% do return(dict(raw if raw is mapping else {}, entity=entity_name)) %}
{% endmacro %}


{#- The name of the staging model of an entity in the active layout. -#}
{% macro staging_name(entity_name) %}
    {% do return('stg_' ~ ('declared' if entity_name in declared_layout() else var('source_system')) ~ '__' ~ entity_name) %}
{% endmacro %}


{#- Names what has to be built before inputs can be described. -#}
{% macro wait_for_declared_models() %}
    {% for raw in declared_layout().values() if raw is mapping and raw.get('model') %}{% do ref(raw['model']) %}{% endfor %}
{% endmacro %}


{#- The node of the graph that a declaration names. -#}
{% macro declared_model(raw) %}
    {% for node in graph.nodes.values() if node.name == raw['model'] and node.resource_type in ('model', 'seed', 'snapshot') %}
        {% do return(node) %}
    {% endfor %}
    {% do exceptions.raise_compiler_error(
        "Model '" ~ raw['model'] ~ "' of " ~ raw['entity'] ~ " in var declarations is missing: expected a model, seed or snapshot."
    ) %}
{% endmacro %}


{#- Whether this run makes the model that a declaration names, so that nothing is known of it before. -#}
{% macro is_made_by_run(raw) %}
    {% do return(raw.get('model') is not none and declared_model(raw).unique_id in selected_resources) %}
{% endmacro %}


{#- What is wrong with var declarations, as a sentence after its name (`has`) or value (`expected`); empty where nothing is. -#}
{% macro declarations_fault(layouts) %}
    {% if layouts is not mapping %}{% do return("expected layouts, each with the declarations of its entities.") %}{% endif %}
    {% for layout, inputs in layouts.items() %}
        {% if not is_name(layout) or layout in var('layouts') %}
            {% do return("has layout '" ~ layout ~ "': expected a name of letters, digits and underscores that no other layout has.") %}
        {% elif inputs is not mapping or not inputs %}
            {% do return("expected declarations of " ~ canonical_entities() | join(', ') ~ " for layout '" ~ layout ~ "'.") %}
        {% endif %}
        {% for entity_name, raw in inputs.items() %}
            {% if entity_name not in canonical_entities() %}
                {% do return("has entity '" ~ entity_name ~ "' of layout '" ~ layout ~ "': expected " ~ canonical_entities() | join(', ') ~ ".") %}
            {% elif raw is not mapping or ('file' in raw) == ('model' in raw) %}
                {% do return("has no source of " ~ entity_name ~ " of layout '" ~ layout ~ "': expected the entry file or the entry model.") %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% do return('') %}
{% endmacro %}
