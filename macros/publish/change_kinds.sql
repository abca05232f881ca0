{#- Why figures may differ from those of the build before: which facts of both manifests concern a mart. -#}


{#- The ids of the nodes that a mart is made of, its own first. Models depend on int_input_findings so that nothing is measured on an
    implausible extract: it decides whether there are figures, not which. -#}
{% macro ancestors_of(mart) %}
    {% set found = [mart.unique_id] %}
    {% for unique_id in found %}
        {% set node = graph.nodes.get(unique_id, {}) %}
        {% for parent in node.get('depends_on', {}).get('nodes', []) if node.name != 'int_input_findings' and parent not in found %}
            {% do found.append(parent) %}
        {% endfor %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- The texts of all that runs when these nodes are built, but for Python functions: SQL, configuration, and the macros that they call. -#}
{% macro texts_of(unique_ids) %}
    {% set macros, texts = [], [] %}
    {% for node in own_nodes() | sort(attribute='unique_id') if node.unique_id in unique_ids and node.resource_type == 'model' %}
        {% do texts.append(node.raw_code ~ tojson(node.unrendered_config, sort_keys=true)) %}
        {% for unique_id in node.depends_on.macros if unique_id not in macros %}{% do macros.append(unique_id) %}{% endfor %}
    {% endfor %}
    {% set own = context['clientele'] %}
    {% for unique_id in macros if unique_id.startswith('macro.clientele.') %}
        {% set name = unique_id.split('.')[2] %}
        {% set called = own[name].macro.depends_on.macros | list %}
        {#- what a macro dispatches to, of every engine, so that a mart has one hash -#}
        {% for prefix in ['default__', 'duckdb__', 'spark__'] if prefix ~ name in own %}
            {% do called.append('macro.clientele.' ~ prefix ~ name) %}
        {% endfor %}
        {% for nested in called if nested not in macros %}{% do macros.append(nested) %}{% endfor %}
    {% endfor %}
    {% for unique_id in macros | sort if unique_id.startswith('macro.clientele.') %}
        {% do texts.append(own[unique_id.split('.')[2]].macro.macro_sql) %}
    {% endfor %}
    {% do return(texts) %}
{% endmacro %}

{#- What the code of a mart is told by in run_manifest: a hash of the texts of all that it is made of. -#}
{% macro code_hash(mart) %}
    {% do return(local_md5(texts_of(ancestors_of(mart)) | join('\n'))) %}
{% endmacro %}


{#- The rows of `facts` (item_kind and item_name of what differs between two manifests) that concern a mart, with change_kind:
    `input`, `rule`, `code` or `package`. -#}
{% macro facts_concerning(mart, facts) -%}
    {%- set unique_ids = ancestors_of(mart) %}
    {%- set texts = texts_of(unique_ids) | join('\n') %}
    {%- set names = {'code': [mart.name, 'python_functions'], 'input': [], 'seed': [], 'setting': []} %}
    {%- for unique_id in unique_ids %}
        {%- set node = graph.nodes.get(unique_id, {}) %}
        {%- if node.resource_type == 'seed' %}{% do names['seed'].append(node.name) %}{% endif %}
        {%- set raw = node.get('config', {}).get('meta', {}).get('raw') %}
        {%- if raw %}{% do names['input'].append(raw['entity']) %}{% endif %}
    {%- endfor %}
    {%- for name in setting_kinds() if "'" ~ name ~ "'" in texts %}{% do names['setting'].append(name) %}{% endfor %}
    select
        '{{ mart.name }}' as mart_name,
        item_name,
        case item_kind
            when 'build' then 'input'
            when 'seed' then 'rule'
            when 'setting' then 'rule'
            else item_kind
        end as change_kind
    from {{ facts }}
    where
        item_kind in ('build', 'package')
        {%- for kind, found in names.items() if found %}
        -- the parts of an input are numbered
        or item_kind = '{{ kind }}' and {{ 'split_part(item_name, \' \', 1)' if kind == 'input' else 'item_name' }} in (
            '{{ found | unique | sort | join("', '") }}'
        )
        {%- endfor %}
{%- endmacro %}
