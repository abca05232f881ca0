{#- Why figures may differ from those of the build before: which facts of both manifests concern a mart. -#}


{#- What each compared mart is made of, see python_models/publishing/lineage.py; nothing where nothing is published. -#}
{% macro lineages() %}
    {% if not execute or not has_plugin() %}{% do return({}) %}{% endif %}
    {% set own = context['clientele'] %}
    {% set texts = {} %}
    {% for name in own %}{% do texts.update({name: own[name].macro.macro_sql}) %}{% endfor %}
    {% do return(in_python({
        'action': 'trace', 'macros': texts, 'settings': setting_kinds().keys() | list, 'marts': compared_marts().keys() | list,
    })['lineages']) %}
{% endmacro %}


{#- The rows of `facts` (item_kind and item_name of what differs between two manifests) that concern each mart, with mart_name and
    change_kind: `input`, `rule`, `code` or `package`. -#}
{% macro facts_concerning(facts) -%}
    {%- for mart, lineage in lineages().items() %}
    {%- set names = {
        'code': [mart, 'python_functions'], 'input': lineage['inputs'], 'seed': lineage['seeds'], 'setting': lineage['settings'],
    } %}
    select
        '{{ mart }}' as mart_name,
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
            '{{ found | join("', '") }}'
        )
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        item_kind as mart_name,
        item_name,
        item_kind as change_kind
    from {{ facts }}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
