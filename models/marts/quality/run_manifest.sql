-- Where the build comes from: the code, the inputs, the packages and the seeds. Publishing adds what only it knows.
with raw_counts as (
    select * from {{ ref('int_raw_rows_counted') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

described as (
    select * from {{ ref('int_build_described') }}
),

churn_defined as (
    select max(churn_definition) as churn_definition from {{ ref('int_customers_churned') }}
),

{% set items = [] -%}
{% if execute -%}
    {% for node in own_nodes() | sort(attribute='name') if node.config.meta.get('raw') -%}
        {% set source = raw_source(node.config.meta['raw']) -%}
        {% if source is not none and source['format'] != 'table' -%}
            {% for part in source['parts'] -%}
                {% do items.append(('input', node.config.meta['raw']['entity'] ~ ' ' ~ part['number'], file_hash(part['path']))) -%}
            {% endfor -%}
        {% endif -%}
    {% endfor -%}
    {% for node in seeds_read() -%}
        {% do items.append(('seed', node.name, file_hash(seed_path(node)))) -%}
    {% endfor -%}
    {% for mart, lineage in lineages().items() -%}
        {% do items.append(('code', mart, sql_literal(lineage['code']))) -%}
    {% endfor -%}
{% endif -%}
hashes as (
    {%- for kind, name, hash in items %}
    select
        {{ sql_literal(kind) }} as item_kind,
        {{ sql_literal(name) }} as item_name,
        {{ hash }} as content_hash
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as {{ kind_type('text') }}) as item_kind,
        cast(null as {{ kind_type('text') }}) as item_name,
        cast(null as {{ kind_type('text') }}) as content_hash
    where 1 = 0
    {%- endfor %}
),

items as (
    select
        item_kind,
        item_name,
        item_value,
        null as row_count,
        content_hash
    from described
    union all
    select
        'build' as item_kind,
        'source_system' as item_name,
        {{ sql_literal(var('source_system')) }} as item_value,
        null as row_count,
        null as content_hash
    union all
    select
        'build' as item_kind,
        'as_of_date' as item_name,
        cast(as_of_date as {{ kind_type('text') }}) as item_value,
        null as row_count,
        null as content_hash
    from as_of
    union all
    select
        'build' as item_kind,
        'churn_definition' as item_name,
        churn_definition as item_value,
        null as row_count,
        null as content_hash
    from churn_defined
    {#- what bears on publishing alone is no part of what is published -#}
    {%- for name in setting_kinds() | sort if name not in ('published_builds_kept', 'require_publication') %}
    {%- set value = age_band_set() if name == 'age_band_set' else var(name) %}
    {%- if value is not none %}
    union all
    select
        'setting' as item_kind,
        {{ sql_literal(name) }} as item_name,
        {{ sql_literal(value if value is string else tojson(value)) }} as item_value,
        null as row_count,
        null as content_hash
    {%- endif %}
    {%- endfor %}
    union all
    select
        'build' as item_kind,
        'currency' as item_name,
        currency_code as item_value,
        null as row_count,
        null as content_hash
    from {{ ref('currencies') }}
    where source_system = {{ sql_literal(var('source_system')) }}
    union all
    select
        'input' as item_kind,
        raw_counts.entity_name
        || case when raw_counts.part_number = 0 then '' else ' ' || {{ whole_text('raw_counts.part_number + 1') }} end
            as item_name,
        raw_counts.part_name as item_value,
        raw_counts.raw_count as row_count,
        hashes.content_hash
    from raw_counts
    left join hashes
        on
            hashes.item_kind = 'input'
            and raw_counts.entity_name || ' ' || {{ whole_text('raw_counts.part_number') }} = hashes.item_name
    union all
    select
        item_kind,
        item_name,
        null as item_value,
        null as row_count,
        content_hash
    from hashes
    where item_kind in ('code', 'seed')
),

final as (
    select
        cast(null as {{ kind_type('text') }}) as build_id,
        item_kind,
        item_name,
        cast(item_value as {{ kind_type('text') }}) as item_value,
        cast(row_count as bigint) as row_count,
        cast(content_hash as {{ kind_type('text') }}) as content_hash
    from items
)

select * from final
