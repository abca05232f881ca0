{#- The staging select of one declared input (see raw_files.sql): one row per raw row, every column of the entity and
    of the declaration typed, with line_number, and the first fault met while reading the row, if any. -#}
{% macro stage(raw) -%}
    {%- do ref('cities') -%}{#- named here so that dbt sees the dependency before it can read the source -#}
    {%- set source = raw_source(raw) if execute else none -%}
    {%- if source is none -%}
        {{ empty_staged(raw_kinds(raw)) }}
    {%- elif source['format'] == 'text' -%}
        {{ stage_text(raw, source) }}
    {%- else -%}
        {{ stage_typed(raw, source) }}
    {%- endif -%}
{%- endmacro %}


{% macro stage_text(raw, source) -%}
    {%- set positions = source_positions(raw, source) -%}
    with lines as (
        {{ text_lines(source['path'], source['encoding']) }}
    ),

    split_lines as (
        select
            line_number,
            line,
            {{ split_fields('line', source['delimiter']) }} as fields
        from lines
        where line_number > {{ source['header_line'] }} and trim(line) <> ''
    ),

    raw_rows as (
        select
            line_number,
            case
                when fields is null then 'unbalanced_quote'
                when {{ field_count('fields') }} <> {{ source['header'] | length }} then 'wrong_field_count'
            end as line_fault,
            line,
            {%- for column, position in positions.items() %}
            nullif({{ trimmed(list_item('fields', position)) }}, '') as raw_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from split_lines
    ),

    {% set parsed = {} %}
    {%- set raws = {} -%}
    {%- for column in positions -%}
        {%- do raws.update({column: 'raw_' ~ column}) -%}
        {%- do parsed.update({column: parse_text(
            raw_kinds(raw)[column], 'raw_' ~ column, source['delimiter']
        )}) -%}
    {%- endfor -%}
    {{ stage_parsed(raw, source, parsed, raws) }}
{%- endmacro %}


{% macro stage_typed(raw, source) -%}
    {%- set positions = source_positions(raw, source) -%}
    with raw_rows as (
        select
            {{ typed_row_number(source) }} as line_number,
            cast(null as {{ kind_type('text') }}) as line_fault,
            cast(null as {{ kind_type('text') }}) as line,
            {%- for column, position in positions.items() %}
            {{ typed_raw(
                raw_kinds(raw)[column], adapter.quote(source['header'][position - 1]),
                source['types'][position - 1]
            ) }} as raw_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ typed_relation(source) }}
    ),

    {% set parsed = {} %}
    {%- set raws = {} -%}
    {%- for column, position in positions.items() -%}
        {%- set kind, source_type = raw_kinds(raw)[column], source['types'][position - 1] -%}
        {%- do raws.update({column: trimmed_raw(kind, 'raw_' ~ column, source_type)}) -%}
        {%- do parsed.update({column: parse_typed(kind, 'raw_' ~ column, source_type)}) -%}
    {%- endfor -%}
    {{ stage_parsed(raw, source, parsed, raws) }}
{%- endmacro %}


{#- Shared tail of both readers: typed columns, known city names, and the first fault of each row. `parsed` and `raws` map
    each column to its value and to its trimmed raw value. -#}
{% macro stage_parsed(raw, source, parsed, raws) -%}
    {%- set kinds = raw_kinds(raw) -%}
    {%- set text_type = kind_type('text') -%}
    parsed_rows as (
        select
            *,
            {%- for column, expression in parsed.items() %}
            {{ expression }} as parsed_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from raw_rows
    ),

    faults_found as (
        select
            *,
            case
                when line_fault is not null then line_fault
                {%- for column in parsed %}
                {%- if kinds[column] in ('text', 'city') %}
                when parsed_{{ column }} is null and {{ is_formula_like(raws[column]) }}
                    then 'formula_like_text:{{ column }}'
                {%- endif %}
                when parsed_{{ column }} is null and {{ raws[column] }} is not null then 'unparseable_value:{{ column }}'
                {%- endfor %}
                {%- for column in raw.get('required', []) %}
                when parsed_{{ column }} is null then 'missing_value:{{ column }}'
                {%- endfor %}
            end as fault
        from parsed_rows
    )

    select
        cast(line_number as bigint) as line_number,
        {%- for column, kind in kinds.items() %}
        {%- if column not in parsed and column == raw.get('hashed_key') %}
        {{ content_hash(raws.values()) }} as {{ column }},
        {%- elif column not in parsed %}
        cast(null as {{ kind_type(kind) }}) as {{ column }},
        {%- elif kind == 'city' %}
        coalesce(cities.city, parsed_{{ column }}) as {{ column }},
        {%- else %}
        parsed_{{ column }} as {{ column }},
        {%- endif %}
        {%- endfor %}
        split_part(fault, ':', 1) as fault_rule_code,
        nullif(split_part(fault, ':', 2), '') as fault_column_name,
        case
            when fault is null then null
            when line_fault is not null then line
            {%- for column in parsed %}
            when split_part(fault, ':', 2) = '{{ column }}' then cast({{ raws[column] }} as {{ text_type }})
            {%- endfor %}
        end as fault_raw_value
    from faults_found
    {%- if 'city' in parsed %}
    left join {{ ref('cities') }} as cities
        on
            lower(parsed_city) = lower(cities.city_alias)
            and cities.source_system in ('any', {{ sql_literal(var('source_system')) }})
    {%- endif %}
{%- endmacro %}


{#- Column -> position (from 1) in the source's header, for the columns that the source has. -#}
{% macro source_positions(raw, source) %}
    {% set header = source['header'] | map('lower') | list %}
    {% set positions = {} %}
    {% for column, names in raw_columns(raw).items() %}
        {% for name in names if name in header and column not in positions %}
            {% do positions.update({column: header.index(name) + 1}) %}
        {% endfor %}
    {% endfor %}
    {% do return(positions) %}
{% endmacro %}


{#- A typed source as a relation, and the number of its row: from 1 in a file's or table's own order. The number is no
    column of the relation, where it could meet a column of the same name. -#}
{% macro typed_relation(source) -%}
    {{ return(adapter.dispatch('typed_relation')(source)) }}
{%- endmacro %}

{% macro duckdb__typed_relation(source) -%}
    {%- if source['format'] == 'parquet' -%}
        read_parquet({{ sql_literal(source['path']) }}, file_row_number=true) as typed_rows
    {%- else -%}
        {{ source['path'] }} as typed_rows
    {%- endif -%}
{%- endmacro %}

{% macro spark__typed_relation(source) -%}
    {{ 'parquet.' ~ spark__path_literal(source['path']) if source['format'] == 'parquet' else source['path'] }} as typed_rows
{%- endmacro %}


{% macro typed_row_number(source) -%}
    {{ return(adapter.dispatch('typed_row_number')(source)) }}
{%- endmacro %}

{% macro duckdb__typed_row_number(source) -%}
    {{ 'file_row_number + 1' if source['format'] == 'parquet' else 'row_number() over ()' }}
{%- endmacro %}

{#- The rows of a table of a cluster have no order of their own. -#}
{% macro spark__typed_row_number(source) -%}
    {{ 'typed_rows._metadata.row_index + 1' if source['format'] == 'parquet'
        else 'row_number() over (order by monotonically_increasing_id())' }}
{%- endmacro %}
