{#- A number from 0 to buckets - 1 that depends on nothing but the key: the first 32 bits of its md5, modulo. -#}
{% macro hash_bucket(key, buckets) -%}
    {{ return(adapter.dispatch('hash_bucket')(key, buckets)) }}
{%- endmacro %}

{% macro duckdb__hash_bucket(key, buckets) -%}
    cast('0x' || left(md5({{ key }}), 8) as bigint) % {{ buckets }}
{%- endmacro %}

{% macro spark__hash_bucket(key, buckets) -%}
    cast(conv(left(md5({{ key }}), 8), 16, 10) as bigint) % {{ buckets }}
{%- endmacro %}


{#- md5 of the columns' texts, each with its length, so that a|b, c and a, b|c differ. -#}
{% macro content_hash(columns) -%}
    md5(concat_ws('|'
        {%- for column in columns -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ kind_type('text') ~ ')' -%}
        , coalesce({{ whole_text('length(' ~ text ~ ')') }} || ':' || {{ text }}, '~')
        {%- endfor -%}
    ))
{%- endmacro %}


{#- A 64-bit hash of a column, or of several named with commas between, for use within one query: engines and their versions
    have hashes of their own, and two values may share one. -#}
{% macro short_hash(columns) -%}
    {{ return(adapter.dispatch('short_hash')(columns)) }}
{%- endmacro %}

{% macro duckdb__short_hash(columns) -%}
    hash({{ columns }})
{%- endmacro %}

{% macro spark__short_hash(columns) -%}
    xxhash64({{ columns }})
{%- endmacro %}
