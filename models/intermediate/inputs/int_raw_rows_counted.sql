-- Counted apart from the staging models' parse: physical lines of text files, row counts of typed files and tables, one
-- row for each file of a source.
{%- do wait_for_declared_models() -%}
{%- set counts = [] -%}
{%- if execute -%}
    {%- for node in own_nodes() | sort(attribute='name') if node.config.meta.get('raw') -%}
        {%- set raw = node.config.meta['raw'] -%}
        {%- set source = raw_source(raw) -%}
        {%- if source is not none -%}
            {%- set count -%}
select
    {{ sql_literal(raw['entity']) }} as entity_name,
    {{ sql_literal(source['file_name']) }} as file_name,
    part_number,
    part_name,
    raw_count
from (
    {{ count_raw_rows(source) }}
) as parts
            {%- endset -%}
            {%- do counts.append(count) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}

{% if counts %}
{{ counts | join('\nunion all\n') }}
{% else %}
select
    cast(null as {{ kind_type('text') }}) as entity_name,
    cast(null as {{ kind_type('text') }}) as file_name,
    cast(null as bigint) as part_number,
    cast(null as {{ kind_type('text') }}) as part_name,
    cast(null as bigint) as raw_count
where 1 = 0
{% endif %}
