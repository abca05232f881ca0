{#- Text files are read line by line and split in SQL, not by a CSV reader: a broken quote or an odd field count then
    costs one line and is accounted for, and every row has its physical line number. Line ends may be mixed. The price:
    a quoted field cannot span lines, and a file is held in memory while it is read (use Parquet for large inputs). -#}


{#- utf-8 where the bytes are valid UTF-8; utf-16 by its byte-order mark or its zero bytes; broken utf-8 where most
    lines beyond ASCII are valid, so that a letter cut in half costs its line and not the file; else cp1251. -#}
{% macro text_encoding(path) %}
    {% do return(adapter.dispatch('text_encoding')(path)) %}
{% endmacro %}

{% macro duckdb__text_encoding(path) %}
    {% set query %}
        with files as (
            select content, try(decode(content)) is not null as is_valid from read_blob({{ sql_literal(path) }})
        ),

        line_bytes as (
            select unnest(string_split(cast(content as varchar), '\x0A')) as line from files where not is_valid
        ),

        line_counts as (
            select
                count(*) filter (where try(decode(cast(line as blob))) is not null) as valid_count,
                count(*) filter (where try(decode(cast(line as blob))) is null) as broken_count
            from line_bytes
            where regexp_matches(line, '\\x[89A-F]')
        )

        select
            case
                when hex(content[1:4]) similar to '(FFFE|FEFF).*|00..00..|..00..00' then 'utf-16'
                when is_valid then 'utf-8'
                when hex(content[1:3]) = 'EFBBBF' or valid_count > broken_count then 'broken utf-8'
                else 'cp1251'
            end as encoding
        from files
        cross join line_counts
    {% endset %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}

{% macro spark__text_encoding(path) %}
    {% set query %}
        with files as (
            select content, is_valid_utf8(content) as is_valid from {{ spark__file_content(path) }}
        ),

        file_lines as (
            select explode(split(decode(content, 'ISO-8859-1'), '\n')) as line from files where not is_valid
        ),

        line_counts as (
            select
                count(*) filter (where is_valid_utf8(encode(line, 'ISO-8859-1'))) as valid_count,
                count(*) filter (where not is_valid_utf8(encode(line, 'ISO-8859-1'))) as broken_count
            from file_lines
            where line rlike '[\\x80-\\xFF]'
        )

        select
            case
                when hex(substring(content, 1, 4)) rlike '^(FFFE|FEFF)|^00..00..$|^..00..00$' then 'utf-16'
                when is_valid then 'utf-8'
                when hex(substring(content, 1, 3)) = 'EFBBBF' or valid_count > broken_count then 'broken utf-8'
                else 'cp1251'
            end as encoding
        from files
        cross join line_counts
    {% endset %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}

{#- The bytes of one file, as a relation with the column content. -#}
{% macro spark__file_content(path) -%}
    binaryFile.{{ spark__path_literal(path) }}
{%- endmacro %}

{#- A path as a name; what would be a pattern in it is none. -#}
{% macro spark__path_literal(path) -%}
    `{{ modules.re.sub('([\\[\\]{}*?\\\\])', '\\\\\\1', path).replace('`', '``') }}`
{%- endmacro %}


{#- Select of line_number (from 1) and line, one row per physical line. -#}
{% macro text_lines(path, encoding) -%}
    {{ return(adapter.dispatch('text_lines')(path, encoding)) }}
{%- endmacro %}

{% macro duckdb__text_lines(path, encoding) -%}
    {%- set text = {
        'utf-8': 'decode(content)',
        'broken utf-8': duckdb__broken_utf8_text('content'),
        'cp1251': duckdb__cp1251_text('content'),
    }[encoding] -%}
    select
        unnest(range(1, len(lines) + 1)) as line_number,
        unnest(lines) as line
    from (
        select
            string_split(
                replace(replace(ltrim({{ text }}, chr(65279)), chr(13) || chr(10), chr(10)), chr(13), chr(10)), chr(10)
            ) as lines
        from read_blob({{ sql_literal(path) }})
    ) as files
{%- endmacro %}

{% macro spark__text_lines(path, encoding) -%}
    {%- set text = {
        'utf-8': "decode(content, 'UTF-8')",
        'broken utf-8': spark__broken_utf8_text('content'),
        'cp1251': spark__cp1251_text('content'),
    }[encoding] -%}
    select
        cast(position + 1 as bigint) as line_number,
        line
    from (
        select posexplode(split(trim(leading {{ sql_literal('\ufeff') }} from {{ text }}), '\r\n|\r|\n')) as (position, line)
        from {{ spark__file_content(path) }}
    ) as files
{%- endmacro %}

{#- In a line that is not valid UTF-8 every byte outside ASCII becomes part of a replacement character, which no value
    that is read may hold. The blob is split as text, see below. -#}
{% macro duckdb__broken_utf8_text(blob) -%}
    array_to_string(
        list_transform(
            string_split(cast({{ blob }} as varchar), '\x0A'),
            lambda line: coalesce(
                try(decode(cast(line as blob))),
                decode(cast(regexp_replace(line, '(\\x[89A-F][0-9A-F])+', '\\xEF\\xBF\\xBD', 'g') as blob))
            )
        ),
        chr(10)
    )
{%- endmacro %}

{% macro spark__broken_utf8_text(blob) -%}
    array_join(
        transform(
            split(decode({{ blob }}, 'ISO-8859-1'), '\n'),
            line -> case
                when is_valid_utf8(encode(line, 'ISO-8859-1')) then decode(encode(line, 'ISO-8859-1'), 'UTF-8')
                else regexp_replace(line, '[\\x80-\\xFF]+', {{ sql_literal('\ufffd') }})
            end
        ),
        '\n'
    )
{%- endmacro %}

{#- The letters that the bytes from 128 on stand for. -#}
{% macro cp1251_upper_half() %}
    {% do return(
        'ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u0098™љ›њќћџ\u00a0ЎўЈ¤Ґ¦§Ё©Є«¬\u00ad®Ї°±Ііґµ¶·ё№є»јЅѕї'
        ~ 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя'
    ) %}
{% endmacro %}

{#- A blob cast to text shows each byte outside printable ASCII, and each quote and backslash, as \xHH; the codes are
    put back by the cp1251 table. -#}
{% macro duckdb__cp1251_text(blob) -%}
    array_to_string(
        list_transform(
            string_split(cast({{ blob }} as varchar), '\x'),
            lambda part, position: case
                when position = 1 then part
                when cast('0x' || part[1:2] as integer) < 128 then chr(cast('0x' || part[1:2] as integer)) || part[3:]
                else {{ sql_literal(cp1251_upper_half()) }}[cast('0x' || part[1:2] as integer) - 127] || part[3:]
            end
        ),
        ''
    )
{%- endmacro %}

{% macro spark__cp1251_text(blob) -%}
    translate(
        decode({{ blob }}, 'ISO-8859-1'),
        '{% for code in range(128, 256) %}{{ '\\u%04x' % code }}{% endfor %}',
        {{ sql_literal(cp1251_upper_half()) }}
    )
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


{#- A scalar subquery that counts a source's rows without parsing them. -#}
{% macro count_raw_rows(source) -%}
    {%- if source['format'] == 'text' -%}
        (
            select count(*) from ({{ text_lines(source['path'], source['encoding']) }}) as lines
            where trim(line) <> '' and line_number > {{ source['header_line'] }}
        )
    {%- else -%}
        (select count(*) from {{ typed_relation(source) }})
    {%- endif -%}
{%- endmacro %}
