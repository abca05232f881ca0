{#- Text files are read line by line and split in SQL, not by a CSV reader: a broken quote or an odd field count then
    costs one line and is accounted for, and every row has its physical line number. Line ends may be mixed. The price:
    a quoted field cannot span lines, and a file is held in memory while it is read (use Parquet for large inputs). -#}


{#- utf-8 where the bytes are valid UTF-8; utf-16 by its byte-order mark or its zero bytes; broken utf-8 where most
    lines beyond ASCII are valid, so that a letter cut in half costs its line and not the file; else cp1252 where letters
    beyond ASCII stand beside Latin ones more often than beside each other, as in Köln, and cp1251 where not. -#}
{% macro text_encoding(part) %}
    {% do return(adapter.dispatch('text_encoding')(part)) %}
{% endmacro %}

{% macro duckdb__text_encoding(part) %}
    {% set query %}
        with files as (
            select content, try(decode(content)) is not null as is_valid from {{ duckdb__part_content(part) }}
        ),

        -- letters of a single-byte encoding as one sign
        marks as (
            select regexp_replace(cast(content as varchar), '\\x[C-F][0-9A-F]', '¤', 'g') as marked
            from files
            where not is_valid
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
                when
                    len(regexp_extract_all(marked, '[A-Za-z]¤|¤[A-Za-z]')) > len(regexp_extract_all(marked, '¤¤'))
                    then 'cp1252'
                else 'cp1251'
            end as encoding
        from files
        cross join line_counts
        left join marks on true
    {% endset %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}

{% macro spark__text_encoding(part) %}
    {#- what is packed is read as UTF-8, in which a broken letter costs its line -#}
    {% if part['is_packed'] %}{% do return('utf-8') %}{% endif %}
    {% set query %}
        with files as (
            select content, is_valid_utf8(content) as is_valid from {{ spark__file_content(part['path']) }}
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
                when
                    regexp_count(decode(content, 'ISO-8859-1'), '[A-Za-z][\\xC0-\\xFF]|[\\xC0-\\xFF][A-Za-z]')
                    > regexp_count(decode(content, 'ISO-8859-1'), '[\\xC0-\\xFF]{2}')
                    then 'cp1252'
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
    `{{ spark__plain_path(path).replace('`', '``') }}`
{%- endmacro %}

{% macro spark__plain_path(path) %}
    {% do return(modules.re.sub('([\\[\\]{}*?\\\\])', '\\\\\\1', path)) %}
{% endmacro %}


{#- The bytes of one file of a source, as a relation with the column content. -#}
{% macro duckdb__part_content(part) -%}
    {%- if part['is_packed'] -%}
    (select unpacked({{ sql_literal(part['path']) }}) as content)
    {%- else -%}
    read_blob({{ sql_literal(part['path']) }})
    {%- endif -%}
{%- endmacro %}


{#- Whether a text source has a number with a comma, or with more than one point (see number_marks.sql). -#}
{% macro has_marked_numbers(source) %}
    {% set pattern = marked_number_pattern(source['delimiter']) %}
    {% for part in source['parts'] %}
        {% if run_query(adapter.dispatch('marked_numbers')(part, pattern)).columns[0].values()[0] %}{% do return(true) %}{% endif %}
    {% endfor %}
    {% do return(false) %}
{% endmacro %}

{% macro duckdb__marked_numbers(part, pattern) -%}
    select regexp_matches({{ duckdb__file_text('content', part['encoding']) }}, {{ sql_literal(pattern) }})
    from {{ duckdb__part_content(part) }} as files
{%- endmacro %}

{% macro spark__marked_numbers(part, pattern) -%}
    select count(*) > 0 from ({{ spark__text_lines(part) }}) as lines where line rlike {{ sql_literal(pattern) }}
{%- endmacro %}


{#- The bytes of a file as text. -#}
{% macro duckdb__file_text(content, encoding) -%}
    {{ {
        'utf-8': 'decode(' ~ content ~ ')',
        'broken utf-8': duckdb__broken_utf8_text(content),
        'cp1251': duckdb__single_byte_text(content, cp1251_upper_half()),
        'cp1252': duckdb__single_byte_text(content, cp1252_upper_half()),
    }[encoding] }}
{%- endmacro %}

{% macro spark__file_text(content, encoding) -%}
    {{ {
        'utf-8': 'decode(' ~ content ~ ", 'UTF-8')",
        'broken utf-8': spark__broken_utf8_text(content),
        'cp1251': spark__single_byte_text(content, cp1251_upper_half()),
        'cp1252': spark__single_byte_text(content, cp1252_upper_half()),
    }[encoding] }}
{%- endmacro %}


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
    from (
        select
            string_split(
                replace(
                    replace(
                        ltrim({{ duckdb__file_text('content', part['encoding']) }}, chr(65279)), chr(13) || chr(10), chr(10)
                    ), chr(13), chr(10)
                ), chr(10)
            ) as lines
        from {{ duckdb__part_content(part) }} as contents
    ) as files
{%- endmacro %}

{#- Spark unpacks what it reads line by line; one packed file is one partition, whose rows are numbered in their order. -#}
{% macro spark__text_lines(part) -%}
    {%- if part['is_packed'] -%}
    select
        monotonically_increasing_id() + 1 as line_number,
        trim(leading {{ sql_literal('\ufeff') }} from value) as line
    from text.{{ spark__path_literal(part['path']) }}
    {%- else -%}
    select
        cast(position + 1 as bigint) as line_number,
        line
    from (
        select posexplode(split(trim(leading {{ sql_literal('\ufeff') }} from {{ spark__file_text('content', part['encoding']) }}), '\r\n|\r|\n')) as (position, line)
        from {{ spark__file_content(part['path']) }}
    ) as files
    {%- endif -%}
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

{% macro cp1252_upper_half() %}
    {% do return(
        '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿'
        ~ 'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ'
    ) %}
{% endmacro %}

{#- A blob cast to text shows each byte outside printable ASCII, and each quote and backslash, as \xHH; the codes are
    put back by the table. -#}
{% macro duckdb__single_byte_text(blob, upper_half) -%}
    array_to_string(
        list_transform(
            string_split(cast({{ blob }} as varchar), '\x'),
            lambda part, position: case
                when position = 1 then part
                when cast('0x' || part[1:2] as integer) < 128 then chr(cast('0x' || part[1:2] as integer)) || part[3:]
                else {{ sql_literal(upper_half) }}[cast('0x' || part[1:2] as integer) - 127] || part[3:]
            end
        ),
        ''
    )
{%- endmacro %}

{% macro spark__single_byte_text(blob, upper_half) -%}
    translate(
        decode({{ blob }}, 'ISO-8859-1'),
        '{% for code in range(128, 256) %}{{ '\\u%04x' % code }}{% endfor %}',
        {{ sql_literal(upper_half) }}
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
