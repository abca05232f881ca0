{#- Where a build comes from. Engines without the embedded engine's plugin do not know; there the value is null. -#}


{#- sha256 of a file's bytes. -#}
{% macro file_hash(path) -%}
    {{ return(adapter.dispatch('file_hash')(path)) }}
{%- endmacro %}

{% macro default__file_hash(path) -%}
    cast(null as {{ kind_type('text') }})
{%- endmacro %}

{% macro duckdb__file_hash(path) -%}
    file_hash_of({{ sql_literal(path) }})
{%- endmacro %}


{#- The commit of the project. -#}
{% macro git_revision() -%}
    {{ return(adapter.dispatch('git_revision')()) }}
{%- endmacro %}

{% macro default__git_revision() -%}
    cast(null as {{ kind_type('text') }})
{%- endmacro %}

{% macro duckdb__git_revision() -%}
    git_revision_of_project()
{%- endmacro %}


{#- Select of package_name and package_version. -#}
{% macro package_versions() -%}
    {{ return(adapter.dispatch('package_versions')()) }}
{%- endmacro %}

{% macro default__package_versions() -%}
    select 'dbt-core' as package_name, {{ sql_literal(dbt_version) }} as package_version
{%- endmacro %}

{% macro duckdb__package_versions() -%}
    select
        split_part(package, '=', 1) as package_name,
        split_part(package, '=', 2) as package_version
    from (select unnest(installed_packages()) as package) as packages
{%- endmacro %}


{#- A hash of all rows of a relation that does not depend on their order, and its number of rows. -#}
{% macro content_checksum(relation) -%}
    {{ return(adapter.dispatch('content_checksum')(relation)) }}
{%- endmacro %}

{#- Sums of the halves of the rows' md5, so that equal rows count as often as they occur. -#}
{% macro duckdb__content_checksum(relation) -%}
    select
        count(*) as row_count,
        md5(concat_ws(
            '|',
            count(*),
            coalesce(sum(cast(md5_number_lower(row_text) as hugeint)), 0),
            coalesce(sum(cast(md5_number_upper(row_text) as hugeint)), 0)
        )) as content_hash
    from (select cast(to_json(rows_read) as varchar) as row_text from {{ relation }} as rows_read) as row_texts
{%- endmacro %}

{% macro spark__content_checksum(relation) -%}
    select
        count(*) as row_count,
        md5(concat_ws(
            '|',
            count(*),
            coalesce(sum(cast(conv(left(row_hash, 16), 16, 10) as decimal(38, 0))), 0),
            coalesce(sum(cast(conv(right(row_hash, 16), 16, 10) as decimal(38, 0))), 0)
        )) as content_hash
    from (select md5(to_json(struct(*))) as row_hash from {{ relation }}) as row_hashes
{%- endmacro %}
