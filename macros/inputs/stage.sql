{#- The staging select of one declared input (see raw_files.sql): one row per raw row, every column of the entity and
    of the declaration typed, with line_number, and the first fault met while reading the row, if any. -#}
{% macro stage(raw) -%}
    {#- named here so that dbt sees the dependencies before it can read the source -#}
    {%- do ref('cities') -%}
    {%- do ref('text_markers') -%}
    {%- if raw.get('model') -%}{%- do ref(raw['model']) -%}{%- endif -%}
    {%- set source = raw_source(raw) if execute else none -%}
    {#- others have been checked before the run -#}
    {%- if source is not none and raw.get('model') -%}{%- do check_free_texts(raw, source) -%}{%- endif -%}
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
    {%- set marks = column_marks(raw, source, positions) -%}
    {%- set markers = text_markers() -%}
    with lines as (
        {{ source_lines(source) }}
    ),

    split_lines as (
        select
            line_number,
            line,
            {{ split_fields('line', source['delimiter']) }} as fields
        from lines
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
            {{ translated(raw, column, raw_text(source, position)) }} as raw_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
            {{- operand_columns(raw, source) }}
        from split_lines
    ),

    {% set parsed = {} %}
    {%- set raws = {} -%}
    {%- for column in positions -%}
        {%- do raws.update({column: 'raw_' ~ column}) -%}
        {%- set kind = raw_kinds(raw)[column] -%}
        {#- the header once more, as files that were put together have it, is no key -#}
        {%- set column_markers = dict(markers, header=source['header'][positions[column] - 1]) -%}
        {%- set value = parse_text(kind, 'raw_' ~ column, marks.get(column, 'plain'), column_markers) -%}
        {%- do parsed.update({column: value}) -%}
    {%- endfor -%}
    {{ stage_parsed(raw, source, parsed, raws, markers) }}
{%- endmacro %}


{#- The text of a column of a file, null where it is blank; of a row of source_rows, or of a typed relation. -#}
{% macro raw_text(source, position) -%}
    {%- if source['format'] == 'text' -%}
        nullif({{ trimmed(list_item('fields', position)) }}, '')
    {%- else -%}
        nullif({{ trimmed('cast(' ~ adapter.quote(source['header'][position - 1]) ~ ' as ' ~ kind_type('text') ~ ')') }}, '')
    {%- endif -%}
{%- endmacro %}

{% macro source_rows(source) -%}
    {%- if source['format'] == 'text' -%}
        select {{ split_fields('line', source['delimiter']) }} as fields from ({{ source_lines(source) }}) as lines
    {%- else -%}
        select * from {{ typed_relation(source) }}
    {%- endif -%}
{%- endmacro %}


{#- Column -> marks of its numbers (see number_marks.sql), of the columns of numbers that are text in the file. -#}
{% macro column_marks(raw, source, positions) %}
    {% set texts = {} %}
    {% for column, position in positions.items() if raw_kinds(raw)[column] in ('integer', 'number', 'money') %}
        {% if source['format'] == 'text' or source['types'][position - 1] | lower in ('varchar', 'string', 'text') %}
            {% do texts.update({column: position}) %}
        {% endif %}
    {% endfor %}
    {% do return(number_marks(source, texts)) %}
{% endmacro %}


{#- The texts of seed text_markers by their meaning; none before the seed is there. The word null cannot stand in a seed,
    where it is a blank. -#}
{% macro text_markers() %}
    {% set markers = {'missing': ['null'], 'footer': []} %}
    {% set relation = load_relation(ref('text_markers')) %}
    {% if relation is not none %}
        {% for row in run_query('select meaning, marker from ' ~ relation ~ ' order by marker').rows %}
            {% do markers[row[0]].append(row[1] | string | lower) %}
        {% endfor %}
    {% endif %}
    {% do return(markers) %}
{% endmacro %}


{% macro stage_typed(raw, source) -%}
    {%- set positions = source_positions(raw, source) -%}
    {%- set marks = column_marks(raw, source, positions) -%}
    {%- set markers = text_markers() -%}
    with raw_rows as (
        select
            {{ typed_row_number(source) }} as line_number,
            cast(null as {{ kind_type('text') }}) as line_fault,
            cast(null as {{ kind_type('text') }}) as line,
            {%- for column, position in positions.items() %}
            {%- set source_type = staged_type(raw, column, source['types'][position - 1]) %}
            {{ typed_raw(
                raw_kinds(raw)[column],
                translated(raw, column, adapter.quote(source['header'][position - 1])),
                source_type
            ) }} as raw_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
            {{- operand_columns(raw, source) }}
        from {{ typed_relation(source) }}
    ),

    {% set parsed = {} %}
    {%- set raws = {} -%}
    {%- for column, position in positions.items() -%}
        {%- set kind = raw_kinds(raw)[column] -%}
        {%- set source_type = staged_type(raw, column, source['types'][position - 1]) -%}
        {%- do raws.update({column: trimmed_raw(kind, 'raw_' ~ column, source_type)}) -%}
        {%- do parsed.update({column: parse_typed(
            kind, 'raw_' ~ column, source_type, marks.get(column, 'plain'), markers
        )}) -%}
    {%- endfor -%}
    {{ stage_parsed(raw, source, parsed, raws, markers) }}
{%- endmacro %}


{#- A raw value in the words of the project, where the declaration translates it; others stay as they are. -#}
{% macro translated(raw, column, value) -%}
    {%- set texts = raw.get('values', {}).get(column) -%}
    {%- if texts -%}
        case lower({{ trimmed('cast(' ~ value ~ ' as ' ~ kind_type('text') ~ ')') }})
            {#- yes and no without quotes are flags in YAML -#}
            {%- for text, meaning in texts.items() %}
            when lower({{ sql_literal(text | string) }}) then
                {%- if meaning is boolean %} '{{ 'yes' if meaning else 'no' }}'{% else %} {{ sql_literal(meaning) if meaning else 'null' }}{% endif %}
            {%- endfor %}
            else cast({{ value }} as {{ kind_type('text') }})
        end
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}

{#- What is translated is text. -#}
{% macro staged_type(raw, column, source_type) %}
    {% do return('varchar' if column in raw.get('values', {}) else source_type) %}
{% endmacro %}


{#- Shared tail of both readers: typed columns, known city names, and the first fault of each row. `parsed` and `raws` map
    each column to its value and to its trimmed raw value. A cell that says that there is no value is a blank. -#}
{% macro stage_parsed(raw, source, parsed, raws, markers) -%}
    {%- set kinds = raw_kinds(raw) -%}
    {%- set read = add_expressions(raw, source, parsed, raws, markers) -%}
    {%- set entity = entities().get(raw['entity'], {'key': [], 'required': []}) -%}
    {%- set text_type = kind_type('text') -%}
    {#- condition, rule and column, in the order in which they count -#}
    {%- set faults = [] -%}
    {%- for column in parsed -%}
        {%- if kinds[column] in ('text', 'city', 'key') -%}
            {%- do faults.append((is_formula_like('faulty_' ~ column), 'formula_like_text', column)) -%}
        {%- endif -%}
        {%- do faults.append(('faulty_' ~ column ~ ' is not null', 'unparseable_value', column)) -%}
    {%- endfor -%}
    {%- for column in raw.get('required', []) -%}
        {%- do faults.append(('parsed_' ~ column ~ ' is null', 'missing_value', column)) -%}
    {%- endfor -%}
    parsed_rows as (
        select
            *,
            {%- for column, expression in parsed.items() %}
            {{ expression }} as parsed_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from raw_rows
    ),

    -- the texts that cannot be read, which few rows have
    faulty_cells as (
        select
            *,
            {%- for column in parsed %}
            {%- set text = 'cast(' ~ raws[column] ~ ' as ' ~ text_type ~ ')' %}
            case
                when parsed_{{ column }} is null then case when not {{ is_missing(text, markers, kinds[column]) }} then {{ text }} end
            end as faulty_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from parsed_rows
    ),

    faults_found as (
        select
            *,
            case
                when line_fault is not null then line_fault
                {%- for rule in read['where'] %}
                when not ({{ rule['sql'] }}) then 'excluded:{{ loop.index }}'
                {%- endfor %}
                {%- for condition, rule_code, column in faults %}
                when {{ condition }} then '{{ rule_code }}:{{ column }}'
                {%- endfor %}
            end as first_fault
        from faulty_cells
    ){{ ',' if raw.get('one_row_per_key') }}

    {% set staged_rows %}
    select
        cast(line_number as bigint) as line_number,
        {%- for column, kind in kinds.items() %}
        {%- if column not in parsed and column == raw.get('hashed_key') %}
        {{ content_hash(raws.values()) }} as {{ column }},
        {%- elif column not in parsed and column == raw.get('numbered_key') %}
        {{ whole_text('line_number') }} as {{ column }},
        {%- elif column not in parsed %}
        cast(null as {{ kind_type(kind) }}) as {{ column }},
        {%- elif kind == 'city' %}
        coalesce(cities.city, parsed_{{ column }}) as {{ column }},
        {%- elif kind in ('date', 'timestamp') and column not in entity['key'] + entity['required'] %}
        {{ without_placeholder('parsed_' ~ column, is_end=column in ('closed_on', 'ends_on')) }} as {{ column }},
        {%- else %}
        parsed_{{ column }} as {{ column }},
        {%- endif %}
        {%- endfor %}
        {%- set listed = [] %}
        {%- for column in parsed %}
            {%- set whens = [] %}
            {%- for condition, rule_code, faulty in faults if faulty == column %}
                {%- do whens.append('when ' ~ condition ~ " then '" ~ rule_code ~ ' in ' ~ column ~ "'") %}
            {%- endfor %}
            {%- do listed.append('case ' ~ whens | join(' ') ~ ' end') %}
        {%- endfor %}
        {%- set raw_value %}
            case split_part(first_fault, ':', 2)
                {%- for column in parsed %}
                when '{{ column }}' then faulty_{{ column }}
                {%- endfor %}
            end
        {%- endset %}
        case
            when line_fault is not null then {{ fault_text('line_fault', "''", 'line_fault', 'line') }}
            {%- for rule in read['where'] %}
            when first_fault = 'excluded:{{ loop.index }}' then {{ fault_text("'excluded'", "''", sql_literal(rule['reason']), "''") }}
            {%- endfor %}
            when first_fault is not null
                then {{ fault_text(rule_of('first_fault'), column_of('first_fault'), concat_present(listed, '; '), raw_value) }}
        end as fault
        {%- if read.get('ordering') %},
        {{ parse_text('timestamp', read['ordering'], markers=markers) }} as ordering
        {%- endif %}
    from faults_found
    {%- if 'city' in parsed %}
    left join {{ ref('cities') }} as cities
        on
            lower(parsed_city) = lower(cities.city_alias)
            and cities.source_system in ('any', {{ sql_literal(var('source_system')) }})
    {%- endif %}
    {%- endset %}
    {{- one_row_per_key(raw, staged_rows) if raw.get('one_row_per_key') else staged_rows }}
{%- endmacro %}


{#- Whether a date means no date (var placeholder_dates). -#}
{% macro is_placeholder(column) -%}
    {%- set dates = dates_list_var('placeholder_dates') -%}
    {%- if column.endswith('birth_date') -%}
        {#- people were born on the day with which the clocks of computers begin -#}
        {%- set dates = dates | reject('in', ["cast('1970-01-01' as date)"]) | list -%}
    {%- endif -%}
    {{ 'cast(' ~ column ~ ' as date) in (' ~ dates | join(', ') ~ ')' if dates else 'false' }}
{%- endmacro %}

{#- A date, null where it is a placeholder; an end that lies beyond all dates is one, too: nothing has ended. -#}
{% macro without_placeholder(column, is_end=false) -%}
    case
        when not ({{ is_placeholder(column) }}{% if is_end %} or {{ column }} >= {{ dates_list_var('date_range')[1] }}{% endif %})
            then {{ column }}
    end
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


{#- A typed source as a relation, and the number of its row: from 1 in a file's or table's own order, see part_of. The
    number is no column of the relation, where it could meet a column of the same name. -#}
{% macro typed_relation(source) -%}
    {%- if source['format'] == 'table' -%}
        {{ source['parts'][0]['path'] }} as typed_rows
    {%- else -%}
        {{ adapter.dispatch('parquet_relation')(source) }} as typed_rows
        {%- if source.get('is_renamed') %}({% for name in source['header'] %}"{{ name.replace('"', '""') }}"{{ ', ' if not loop.last }}{% endfor %}){% endif %}
    {%- endif -%}
{%- endmacro %}

{#- Parts may lack columns that others have; the names of folders such as year=2024 are columns too. -#}
{% macro duckdb__parquet_relation(source) -%}
    {%- set paths = [] -%}
    {%- for part in source['parts'] -%}{%- do paths.append(sql_literal(part['path'])) -%}{%- endfor -%}
    read_parquet([{{ paths | join(', ') }}], union_by_name = true, hive_partitioning = {{ 'true' if has_hive_keys(source) else 'false' }})
{%- endmacro %}

{% macro spark__parquet_relation(source) -%}
    {%- set paths = [] -%}
    {%- for part in source['parts'] -%}{%- do paths.append(spark__plain_path(part['path'])) -%}{%- endfor -%}
    {%- if has_hive_keys(source) and not source.get('is_part') -%}
    parquet.{{ spark__path_literal(raw_folder() ~ '/' ~ source['file_name'].rstrip('/')) }}
    {%- elif paths | length == 1 -%}
    parquet.{{ spark__path_literal(source['parts'][0]['path']) }}
    {%- else -%}
    {%- set names = [] -%}
    {%- for part in source['parts'] -%}{%- do names.append(spark__plain_path(part['file_name'])) -%}{%- endfor -%}
    parquet.`{{ (spark__plain_path(raw_folder()) ~ '/{' ~ names | join(',') ~ '}').replace('`', '``') }}`
    {%- endif -%}
{%- endmacro %}

{% macro has_hive_keys(source) %}
    {% for part in source['parts'] if '=' not in part['file_name'].split('/')[-2:][0] or '/' not in part['file_name'] %}
        {% do return(false) %}
    {% endfor %}
    {% do return(true) %}
{% endmacro %}


{% macro typed_row_number(source) -%}
    {{ return(adapter.dispatch('typed_row_number')(source)) }}
{%- endmacro %}

{% macro duckdb__typed_row_number(source) -%}
    {%- if source['format'] == 'table' -%}
        row_number() over ()
    {%- else -%}
        {{ 'file_index * ' ~ part_stride() ~ ' + ' if source['parts'] | length > 1 }}file_row_number + 1
    {%- endif -%}
{%- endmacro %}

{#- The rows of a table of a cluster have no order of their own. -#}
{% macro spark__typed_row_number(source) -%}
    {%- if source['format'] == 'table' -%}
        row_number() over (order by monotonically_increasing_id())
    {%- elif source['parts'] | length == 1 -%}
        typed_rows._metadata.row_index + 1
    {%- else -%}
        {%- set names = [] -%}
        {%- for part in source['parts'] -%}{%- do names.append(sql_literal(part['file_name'])) -%}{%- endfor -%}
        {%- set depth = source['parts'][0]['file_name'].split('/') | length -%}
        (array_position(
            array({{ names | join(', ') }}),
            concat_ws('/', slice(split(url_decode(replace(typed_rows._metadata.file_path, '+', '%2B')), '/'), -{{ depth }}, {{ depth }}))
        ) - 1) * {{ part_stride() }} + typed_rows._metadata.row_index + 1
    {%- endif -%}
{%- endmacro %}
