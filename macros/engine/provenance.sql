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
