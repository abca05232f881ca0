{#- sha256 of a file's bytes. -#}
{% macro file_hash(path) -%}
    {{ return(adapter.dispatch('file_hash')(path)) }}
{%- endmacro %}

{% macro duckdb__file_hash(path) -%}
    {%- if has_plugin() -%}
    file_hash_of({{ sql_literal(path) }})
    {%- else -%}
    (select sha256(content) from read_blob({{ sql_literal(path) }}))
    {%- endif -%}
{%- endmacro %}

{#- Null above a gigabyte: a file is hashed in the memory of one executor. -#}
{% macro spark__file_hash(path) -%}
    (select sha2(content, 256) from {{ spark__file_content(path) }} where length <= 1000000000)
{%- endmacro %}


{#- A hash of all rows of a relation with these columns that does not depend on their order, and its number of rows. -#}
{% macro content_checksum(relation, columns) -%}
    {{ return(adapter.dispatch('content_checksum')(relation, columns)) }}
{%- endmacro %}

{#- Sums of the halves of the rows' md5, so that equal rows count as often as they occur. A row is its columns' texts between
    control characters, which takes half the time of JSON. -#}
{% macro duckdb__content_checksum(relation, columns) -%}
    select
        count(*) as row_count,
        md5(concat_ws(
            '|',
            count(*),
            coalesce(sum(cast(row_hash >> 64 as ubigint)), 0),
            coalesce(sum(cast(row_hash & 18446744073709551615::uhugeint as ubigint)), 0)
        )) as content_hash
    from (
        select md5_number(concat_ws(chr(31)
            {%- for column in columns %}, coalesce(cast({{ column }} as varchar), chr(30)){% endfor -%}
        )) as row_hash
        from {{ relation }} as rows_read
    ) as row_hashes
{%- endmacro %}

{% macro spark__content_checksum(relation, columns) -%}
    select
        count(*) as row_count,
        md5(concat_ws(
            '|',
            count(*),
            coalesce(sum(cast(conv(left(row_hash, 16), 16, 10) as decimal(38, 0))), 0),
            coalesce(sum(cast(conv(right(row_hash, 16), 16, 10) as decimal(38, 0))), 0)
        )) as content_hash
    from (select md5(to_json(struct({{ columns | join(', ') }}))) as row_hash from {{ relation }}) as row_hashes
{%- endmacro %}
