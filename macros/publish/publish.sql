{#- A build is published when the work database holds one whole, tested build, whichever commands made it: see
    python_models/publishing, which does the work. These macros hand it what only dbt knows. -#}


{#- Called when a run begins. -#}
{% macro begin_run() %}
    {% if is_own_run() and has_plugin() %}
        {% set answer = in_python({'action': 'begin', 'selected': selected_resources}) %}
        {% if answer['is_failure'] %}{% do exceptions.raise_compiler_error(answer['message']) %}{% endif %}
    {% endif %}
{% endmacro %}


{#- Called when a run ends, and by `dbt run-operation publish`. Gives a statement that fails where the run is to fail. -#}
{% macro publish(results=none) %}
    {% if is_own_run() or execute and flags.WHICH == 'run-operation' %}
        {% set answer = {
            'message': 'Not published: ' ~ plugin_lines() ~ '.', 'is_failure': var('require_publication'),
        } if not has_plugin() else in_python({
            'action': 'end',
            'results': results or [],
            'is_partial': invocation_args_dict.get('empty') or invocation_args_dict.get('sample') or invocation_args_dict.get('defer'),
            'is_required': results is none or var('require_publication'),
            'settings': publishing_settings(),
        }) %}
        {% if answer.get('is_whole') %}{% set answer = in_python(publication(answer['state'])) %}{% endif %}
        {% if results is none and answer['is_failure'] %}{% do exceptions.raise_compiler_error(answer['message']) %}{% endif %}
        {% do log(answer['message'], info=true) %}
        {% do log_inputs(results or []) %}
        {% do log_summary(results or [], not answer['is_failure'] and answer['message'].startswith('Published')) %}
        {% if answer['is_failure'] %}{{ return(failing_statement(answer['message'])) }}{% endif %}
    {% endif %}
{% endmacro %}


{#- Where marts are no file: points the views that clients read at a former publication,
    dbt run-operation show_publication --args '{number: 3}'. -#}
{% macro show_publication(number) %}
    {% set answer = in_python({'action': 'show', 'number': number | int}) %}
    {% if answer['is_failure'] %}{% do exceptions.raise_compiler_error(answer['message']) %}{% endif %}
{% endmacro %}


{#- The answer of python_models/publishing/publish.py, function perform. -#}
{% macro in_python(call) %}
    {% do run_query('select 1') %}{#- opens the connection -#}
    {% do call.update({
        'graph': graph, 'raw_folder': raw_folder(), 'raw_schema': none, 'file_format': var('spark_file_format'),
    }) %}
    {% if var('source_system') == 'canonical' %}{% do call.update({'raw_schema': var('canonical_schema')}) %}{% endif %}
    {% do adapter.store_relation('clientele', none, [], '', '', call) %}
    {% do return(call['answer']) %}
{% endmacro %}


{#- What is published besides the models' own rows. -#}
{% macro publishing_settings() %}
    {% do return({
        'pseudonymise_ids': var('pseudonymise_ids'), 'publish_customers': var('publish_customers'),
    }) %}
{% endmacro %}


{#- What only dbt knows of a publication: SQL of which there is one home, and settings. -#}
{% macro publication(state) %}
    {% set marts = own_nodes() | sort(attribute='name') | selectattr('resource_type', 'equalto', 'model') | list %}
    {% set changes = marts | selectattr('name', 'equalto', 'quality_changes') | first %}
    {% set manifest = marts | selectattr('name', 'equalto', 'run_manifest') | first %}
    {% do return({
        'action': 'publish',
        'state': state,
        'minimum': number_var('minimum_cell_size'),
        'corrected': benjamini_hochberg('cells_withheld', 'FAMILY', 'published_q_value'),
        'pseudonym': pseudonym('COLUMN') if var('pseudonymise_ids') else none,
        'changes': told_changes(changes) if changes else none,
        'kept': number_var('published_builds_kept'),
        'remembered': kept_queries(marts),
        'told': told_measures(marts),
        'started_at': run_started_at,
        'settings': publishing_settings(),
        'schema': manifest.schema,
    }) %}
{% endmacro %}


{#- A name for a person that leads to the person only with the salt (CLIENTELE_SALT), the same in every mart. -#}
{% macro pseudonym(column) -%}
    {{ return(adapter.dispatch('pseudonym')(column)) }}
{%- endmacro %}

{% macro default__pseudonym(column) -%}
    {% do exceptions.raise_compiler_error('No pseudonyms: ' ~ salt_fault()) %}
{%- endmacro %}

{% macro duckdb__pseudonym(column) -%}
    left(sha256(getvariable('clientele_salt') || '|' || {{ column }}), 32)
{%- endmacro %}


{#- The nodes of this package: another one in the same project has marts of its own. -#}
{% macro own_nodes() %}
    {% do return(graph.get('nodes', {}).values() | selectattr('package_name', 'equalto', 'clientele') | list) %}
{% endmacro %}


{#- The seeds of this package, and those that another project has in their places, in the order of their names. -#}
{% macro seeds_read() %}
    {% set seeds = {} %}
    {% for node in own_nodes() %}
        {% for key in [node.unique_id] + (node.get('depends_on') or {}).get('nodes', []) if key.startswith('seed.') %}
            {% do seeds.update({key: graph.nodes[key]}) %}
        {% endfor %}
    {% endfor %}
    {% do return(seeds.values() | sort(attribute='name')) %}
{% endmacro %}

{#- Its file, from the folder that dbt runs in. -#}
{% macro seed_path(node) %}
    {% do return(package_path(node.original_file_path) if node.package_name == 'clientele' else node.original_file_path) %}
{% endmacro %}


{#- The relation that a node of the graph has made: ref() needs a name that is known before the run. -#}
{% macro node_relation(node) %}
    {% do return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) %}
{% endmacro %}


{% macro failing_statement(message) -%}
    {{ return(adapter.dispatch('failing_statement')(message)) }}
{%- endmacro %}

{% macro duckdb__failing_statement(message) -%}
    select error({{ sql_literal(message) }})
{%- endmacro %}

{% macro spark__failing_statement(message) -%}
    select raise_error({{ sql_literal(message) }})
{%- endmacro %}
