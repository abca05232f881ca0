{#- Text files are read line by line and split in SQL, not by a CSV reader: a broken quote or an odd field count then
    costs one line and is accounted for, and every row has its physical line number. What comes before lines is Python,
    the same on both engines (python_models/reading/text.py): encodings, line ends, the header. The price: a quoted field
    cannot span lines, and a file is held in memory while it is read (use Parquet for large inputs). -#}


{#- What a function of python_models/reading/text.py answers about one file of a source, as a select of the column answer. -#}
{% macro of_file(function, part, argument) -%}
    {{ return(adapter.dispatch('of_file')(function, part, argument)) }}
{%- endmacro %}

{% macro duckdb__of_file(function, part, argument) -%}
    select {{ function }}({{ sql_literal(part['path']) }}, {{ sql_literal(argument) }}) as answer
{%- endmacro %}

{% macro spark__of_file(function, part, argument) -%}
    select {{ function }}(content, {{ sql_literal(argument) }}) as answer from {{ spark__file_content(part['path']) }}
{%- endmacro %}


{#- The bytes of one file, as a relation with the column content. -#}
{% macro spark__file_content(path) -%}
    binaryFile.{{ spark__path_literal(path) }}
{%- endmacro %}

{#- A path as a name; what would be a pattern in it is none. -#}
{% macro spark__path_literal(path) -%}
    `{{ spark__plain_path(path).replace('`', '``') }}`
{%- endmacro %}

{% macro spark__plain_path(path) %}
    {% do return(modules.re.sub('([\\[\\]{}*?\\\\])', '\\\\\\1', path)) %}
{% endmacro %}


{#- Select of line_number and line, one row per line below the header of each part of a text source; the numbers are
    those of part_of and line_of. -#}
{% macro source_lines(source) -%}
    {%- for part in source['parts'] %}
    select
        line_number{{ ' + ' ~ part['number'] * part_stride() if part['number'] }} as line_number,
        line
    from ({{ text_lines(part) }}) as lines
    where line_number > {{ part['header_line'] }} and trim(line) <> ''
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- Select of line_number (from 1) and line, one row per physical line of one file. -#}
{% macro text_lines(part) -%}
    {{ return(adapter.dispatch('text_lines')(part)) }}
{%- endmacro %}

{% macro duckdb__text_lines(part) -%}
    select
        unnest(range(1, len(lines) + 1)) as line_number,
        unnest(lines) as line
    from (select string_split(text, chr(10)) as lines from ({{ file_text(part) }}) as texts) as files
{%- endmacro %}

{% macro spark__text_lines(part) -%}
    select
        cast(position + 1 as bigint) as line_number,
        line
    from (select posexplode(split(text, '\n')) as (position, line) from ({{ file_text(part) }}) as texts) as files
{%- endmacro %}


{#- Select of one row with the text of one file. -#}
{% macro file_text(part) -%}
    select {{ adapter.dispatch('decoded_utf8')('answer') }} as text
    from ({{ of_file('text_in_utf8', part, part['encoding']) }}) as answers
{%- endmacro %}

{% macro duckdb__decoded_utf8(bytes) -%}
    decode({{ bytes }})
{%- endmacro %}

{% macro spark__decoded_utf8(bytes) -%}
    decode({{ bytes }}, 'UTF-8')
{%- endmacro %}


{#- The fields of a line as a list of text, quotes removed; null where the quotes do not pair. A blank as the delimiter
    stands for any number of blanks and tabs, and then quotes mean nothing. -#}
{% macro split_fields(line, delimiter) -%}
    {%- if delimiter == ' ' -%}
    regexp_extract_all({{ line }}, '[^ \t]+', 0)
    {%- else -%}
    {%- set mark = '\\' ~ delimiter if delimiter == '|' else delimiter -%}
    {%- set field = '"(?:[^"]|"")*"|[^"' ~ mark ~ '][^' ~ mark ~ ']*|' -%}
    {%- set fields -%}
        regexp_extract_all({{ line }} || {{ sql_literal(delimiter) }}, {{ sql_literal('(' ~ field ~ ')' ~ mark) }}, 1)
    {%- endset -%}
    case
        when not contains({{ line }}, '"') then {{ split_plain(line, delimiter) }}
        when {{ matches(line, '(?:' ~ field ~ ')(?:' ~ mark ~ '(?:' ~ field ~ '))*') }}
            then {{ unquoted(fields) }}
    end
    {%- endif -%}
{%- endmacro %}


{#- The parts of a text without quotes as a list. -#}
{% macro split_plain(text, delimiter) -%}
    {{ return(adapter.dispatch('split_plain')(text, delimiter)) }}
{%- endmacro %}

{% macro duckdb__split_plain(text, delimiter) -%}
    string_split({{ text }}, {{ sql_literal(delimiter) }})
{%- endmacro %}

{#- Spark splits by a pattern. -#}
{% macro spark__split_plain(text, delimiter) -%}
    split({{ text }}, {{ sql_literal('\\' ~ delimiter if delimiter == '|' else delimiter) }})
{%- endmacro %}


{#- A list of fields, those in quotes without them. -#}
{% macro unquoted(fields) -%}
    {{ return(adapter.dispatch('unquoted')(fields)) }}
{%- endmacro %}

{% macro duckdb__unquoted(fields) -%}
    list_transform(
        {{ fields }},
        lambda field: case when field[1] = '"' then replace(field[2:-2], '""', '"') else field end
    )
{%- endmacro %}

{% macro spark__unquoted(fields) -%}
    transform(
        {{ fields }},
        field -> case
            when left(field, 1) = '"' then replace(substring(field, 2, length(field) - 2), '""', '"') else field
        end
    )
{%- endmacro %}


{#- The n-th item (from 1) of a list. -#}
{% macro list_item(list, position) -%}
    {{ return(adapter.dispatch('list_item')(list, position)) }}
{%- endmacro %}

{% macro duckdb__list_item(list, position) -%}
    {{ list }}[{{ position }}]
{%- endmacro %}

{% macro spark__list_item(list, position) -%}
    get({{ list }}, {{ position }} - 1)
{%- endmacro %}


{% macro field_count(fields) -%}
    {{ return(adapter.dispatch('field_count')(fields)) }}
{%- endmacro %}

{% macro duckdb__field_count(fields) -%}
    len({{ fields }})
{%- endmacro %}

{% macro spark__field_count(fields) -%}
    size({{ fields }})
{%- endmacro %}


{#- A select of the number and the rows of each file of a source, counted without parsing them. -#}
{% macro count_raw_rows(source) -%}
    {%- for part in source['parts'] %}
    select
        {{ part['number'] }} as part_number,
        {{ sql_literal(part['file_name']) }} as part_name,
        {%- if source['format'] == 'text' %}
        (
            select count(*) from ({{ text_lines(part) }}) as lines
            where trim(line) <> '' and line_number > {{ part['header_line'] }}
        ) as raw_count
        {%- else %}
        (select count(*) from {{ typed_relation(dict(source, parts=[part], is_part=true)) }}) as raw_count
        {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
