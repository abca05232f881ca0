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


{#- The project's macros that each of them names, or that it dispatches to, of every engine: what dbt itself records differs by engine
    and leaves out what is called under a condition. -#}
{% macro macros_named() %}
    {% set own = context['clientele'] %}
    {% set found = {} %}
    {% for name in own %}
        {% set named = words_among(own[name].macro.macro_sql, own) %}
        {% for prefix in ['default__', 'duckdb__', 'spark__'] if prefix ~ name in own %}{% do named.append(prefix ~ name) %}{% endfor %}
        {% do found.update({name: named}) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}

{% macro words_among(text, names) %}
    {% set found = [] %}
    {% for word in set(modules.re.findall('[a-z0-9_]+', text)) | sort if word in names %}{% do found.append(word) %}{% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- The text of all that runs when these nodes are built, but for Python functions: SQL, configuration, and the macros that they call. -#}
{% macro text_of(unique_ids, named) %}
    {% set texts = [] %}
    {% for unique_id in unique_ids | sort %}
        {% set node = graph.nodes.get(unique_id, {}) %}
        {% if node.resource_type == 'model' %}
            {% do texts.append(node.raw_code ~ tojson(node.unrendered_config, sort_keys=true)) %}
        {% endif %}
    {% endfor %}
    {% set macros = words_among(texts | join(' '), named) %}
    {% for name in macros %}
        {% for nested in named[name] if nested not in macros %}{% do macros.append(nested) %}{% endfor %}
    {% endfor %}
    {% for name in macros | sort %}{% do texts.append(context['clientele'][name].macro.macro_sql) %}{% endfor %}
    {% do return(texts | join('\n')) %}
{% endmacro %}


{#- What the code of a mart is told by in run_manifest: a hash of the texts of all that it is made of. -#}
{% macro code_hash(mart, named) %}
    {% do return(local_md5(text_of(ancestors_of(mart), named))) %}
{% endmacro %}


{#- The rows of `facts` (item_kind and item_name of what differs between two manifests) that concern a mart, with change_kind:
    `input`, `rule`, `code` or `package`. -#}
{% macro facts_concerning(mart, facts, named) -%}
    {%- set unique_ids = ancestors_of(mart) %}
    {%- set text = text_of(unique_ids, named) %}
    {%- set names = {'code': [mart.name, 'python_functions'], 'input': [], 'seed': [], 'setting': []} %}
    {%- for unique_id in unique_ids %}
        {%- set node = graph.nodes.get(unique_id, {}) %}
        {%- if node.resource_type == 'seed' %}{% do names['seed'].append(node.name) %}{% endif %}
        {%- set raw = node.get('config', {}).get('meta', {}).get('raw') %}
        {%- if raw %}{% do names['input'].append(raw['entity']) %}{% endif %}
    {%- endfor %}
    {%- for name in setting_kinds() if "'" ~ name ~ "'" in text %}{% do names['setting'].append(name) %}{% endfor %}
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
