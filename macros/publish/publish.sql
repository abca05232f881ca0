{#- Write, audit, publish: `dbt build` works in its own database; when all of it has run and passed, and only then, the
    marts are copied to where clients read and become current all at once. What they find is always one whole, tested
    build. Called at the end of every run. -#}
{% macro publish(results) %}
    {% if execute and flags.WHICH in ('build', 'retry') %}
        {% set reasons = held_back_by(results) %}
        {% if reasons %}
            {% do log("Not published: " ~ reasons | join('; ') ~ ". What was published before stays as it is.", info=true) %}
        {% else %}
            {% do publish_marts(published_marts()) %}
        {% endif %}
        {% do log_inputs(results) %}
    {% endif %}
{% endmacro %}


{#- Why this run may not be published: a list of clauses, empty where it may. -#}
{% macro held_back_by(results) %}
    {% set reasons = [] %}
    {% set failed = [] %}
    {% set skipped = [] %}
    {% set ran = [] %}
    {% for result in results %}
        {% do ran.append(result.node.unique_id) %}
        {% if result.status | string == 'skipped' %}
            {% do skipped.append(result.node.name) %}
        {% elif result.status | string not in ('success', 'pass', 'warn', 'no-op') %}
            {% do failed.append(result.node.resource_type ~ ' ' ~ result.node.name ~ ' failed') %}
        {% endif %}
    {% endfor %}
    {% do reasons.extend(failed[:5]) %}
    {% if failed | length > 5 %}{% do reasons.append((failed | length - 5) ~ ' others failed') %}{% endif %}
    {% if skipped %}{% do reasons.append(counted(skipped | length, 'node was skipped', 'nodes were skipped')) %}{% endif %}
    {#- limited rows pass tests and are no marts; flags has no sample -#}
    {% if flags.EMPTY or invocation_args_dict.get('sample') %}{% do reasons.append('the run read no or only some rows (--empty or --sample)') %}{% endif %}
    {% set missing = [] %}
    {% for node in graph.nodes.values() if node.config.enabled and node.config.materialized != 'ephemeral' %}
        {% if node.resource_type in ('model', 'seed', 'snapshot', 'test') and node.unique_id not in ran %}
            {% do missing.append(node.unique_id) %}
        {% endif %}
    {% endfor %}
    {#- unit tests are not in the graph -#}
    {% set chosen = [] %}
    {% for name in ('select', 'exclude', 'resource_types', 'exclude_resource_types') if invocation_args_dict.get(name) %}
        {% do chosen.append('--' ~ name.replace('_', '-')) %}
    {% endfor %}
    {% if invocation_args_dict.get('selector') %}{% do chosen.append('--selector') %}{% endif %}
    {% if chosen %}
        {% do reasons.append('only a part of the project was built (' ~ chosen | join(', ') ~ ')') %}
    {% elif missing %}
        {% do reasons.append(counted(missing | length, 'node', 'nodes') ~ ' of the project did not run') %}
    {% endif %}
    {% do return(reasons) %}
{% endmacro %}


{#- The models of the layer marts, but those that say config.meta.is_published: false, in the order of their names. -#}
{% macro published_marts() %}
    {% set marts = [] %}
    {% for node in graph.nodes.values() | sort(attribute='name') %}
        {% if node.resource_type == 'model' and node.config.enabled and node.fqn[1] == 'marts'
            and node.config.meta.get('is_published', true) %}
            {% do marts.append(node) %}
        {% endif %}
    {% endfor %}
    {% do return(marts) %}
{% endmacro %}


{% macro counted(count, one, many) -%}
    {{ return(count ~ ' ' ~ (one if count == 1 else many)) }}
{%- endmacro %}


{% macro published_path() %}
    {% do return(env_var('CLIENTELE_PUBLISHED', 'published/clientele.duckdb')) %}
{% endmacro %}


{% macro publish_marts(marts) %}
    {% do adapter.dispatch('publish_marts')(marts) %}
{% endmacro %}


{#- A fresh file with the marts, their comments and the manifest, and one Parquet file per mart, made current by one rename.
    Nothing of an earlier file is in it, deleted rows neither, and clients from DuckDB 1.2 on open it. -#}
{% macro duckdb__publish_marts(marts) %}
    {% set path = published_path() %}
    {% set folder = checked_answer(run_query('select publish_begin(' ~ sql_literal(path) ~ ')')) %}
    {% set file = path.replace('\\', '/').split('/') | last %}
    {% do run_query('attach ' ~ sql_literal(folder ~ '/' ~ file) ~ " as publication (storage_version 'v1.2.0')") %}
    {% set tagged = tagged_columns() %}
    {#- one transaction each for tables and comments: hundreds of small ones take seconds -#}
    {% set statements = ['begin', 'create schema publication.marts'] %}
    {% for mart in marts if mart.name != 'run_manifest' %}
        {% do statements.append('create table publication.marts.' ~ mart.name ~ ' as ' ~ published_rows(mart, tagged)) %}
    {% endfor %}
    {% do run_query((statements + ['commit']) | join(';\n')) %}
    {% set build_id = publish_manifest(marts, 'publication.marts') %}
    {% set statements = ['begin'] + duckdb__comment_statements(marts, tagged) + ['commit'] %}
    {% for mart in marts %}
        {% do statements.append(
            'copy publication.marts.' ~ mart.name ~ ' to ' ~ sql_literal(folder ~ '/' ~ mart.name ~ '.parquet')
            ~ ' (format parquet, compression zstd, kv_metadata {build_id: ' ~ sql_literal(build_id) ~ '})'
        ) %}
    {% endfor %}
    {% do statements.extend(['checkpoint publication', 'detach publication']) %}
    {% set summary = published_summary(build_id, path, 'publication.marts.run_manifest') %}
    {% do run_query(statements | join(';\n')) %}
    {% do checked_answer(run_query(
        'select publish_commit(' ~ sql_literal(path) ~ ', ' ~ sql_literal(build_id) ~ ', '
        ~ number_var('published_builds_kept') ~ ')'
    )) %}
    {% do log(summary, info=true) %}
{% endmacro %}


{#- Writes run_manifest into a schema that has the published marts: what the model knows, the marts and the duration.
    Gives the build's id, which says the same of the same rows. -#}
{% macro publish_manifest(marts, schema) %}
    {% set query %}
        select * from {{ node_relation(marts | selectattr('name', 'equalto', 'run_manifest') | first) }}
        {%- for mart in marts if mart.name != 'run_manifest' %}
        union all
        select null, 'mart', {{ sql_literal(mart.name) }}, null, row_count, content_hash
        from ({{ content_checksum(schema ~ '.' ~ mart.name) }}) as checksums
        {%- endfor %}
    {% endset %}
    {% set build_id = run_query(
        'select left(content_hash, 12) as build_id from (' ~ content_checksum('(' ~ query ~ ')') ~ ') as checksums'
    ).columns[0].values()[0] %}
    {#- the one thing that a clock tells, and so no part of the id -#}
    {% set seconds = (modules.datetime.datetime.now(modules.pytz.utc) - run_started_at).total_seconds() %}
    {% do run_query(
        published_table(schema ~ '.run_manifest')
        ~ ' as select ' ~ sql_literal(build_id) ~ ' as build_id, item_kind, item_name, item_value, row_count, content_hash'
        ~ ' from (' ~ query ~ ') as items union all select ' ~ sql_literal(build_id)
        ~ ", 'build', 'duration_seconds', " ~ sql_literal('%.1f' % seconds) ~ ', null, null'
    ) %}
    {% do return(build_id) %}
{% endmacro %}


{% macro published_table(name) -%}
    {{ return(adapter.dispatch('published_table')(name)) }}
{%- endmacro %}

{% macro default__published_table(name) -%}
    create table {{ name }}
{%- endmacro %}

{% macro spark__published_table(name) -%}
    create table {{ name }} using {{ spark_file_format() }}
{%- endmacro %}


{#- What has become current, as a sentence. -#}
{% macro published_summary(build_id, place, manifest) %}
    {% set query %}
        select
            count(case when item_kind = 'mart' then 1 end) as mart_count,
            coalesce(sum(case when item_kind = 'mart' then row_count end), 0) as row_count,
            max(case when item_name = 'as_of_date' then item_value end) as as_of_date
        from {{ manifest }}
    {% endset %}
    {% set totals = run_query(query).rows[0] %}
    {% do return(
        'Published build ' ~ build_id ~ ' as ' ~ place ~ ': ' ~ counted(totals[0], 'mart', 'marts') ~ ' with '
        ~ '{:,}'.format(totals[1] | int) ~ ' rows' ~ (', as of ' ~ totals[2] if totals[2] else '') ~ '.'
    ) %}
{% endmacro %}


{#- The comments of the marts in the work database as statements on the publication. -#}
{% macro duckdb__comment_statements(marts, tagged) %}
    {% set query %}
        select 'table', table_name, null, comment from duckdb_tables()
        where database_name = {{ sql_literal(target.database) }} and schema_name = 'marts' and comment is not null
        union all
        select 'column', table_name, column_name, comment from duckdb_columns()
        where database_name = {{ sql_literal(target.database) }} and schema_name = 'marts' and comment is not null
    {% endset %}
    {% set names = marts | map(attribute='name') | list %}
    {% set statements = [] %}
    {% for kind, table_name, column_name, comment in run_query(query).rows if table_name in names %}
        {% if column_name not in tagged['is_personal'] %}
            {% do statements.append(
                'comment on ' ~ kind ~ ' publication.marts.' ~ table_name
                ~ ('.' ~ adapter.quote(column_name) if column_name else '') ~ ' is ' ~ sql_literal(comment)
            ) %}
        {% endif %}
    {% endfor %}
    {% do return(statements) %}
{% endmacro %}


{#- The relation that a node of the graph has made: ref() needs a name that is known before the run. -#}
{% macro node_relation(node) %}
    {% do return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) %}
{% endmacro %}


{#- The answer of a function of the plugin; its complaint stops the run with one sentence. -#}
{% macro checked_answer(result) %}
    {% set answer = result.columns[0].values()[0] | string %}
    {% if answer.startswith('error: ') %}
        {% do exceptions.raise_compiler_error(
            answer[7:] ~ ": nothing was published, and what was published before stays as it is."
        ) %}
    {% endif %}
    {% do return(answer) %}
{% endmacro %}


{#- Where marts are no file: the tables of a build stand in a schema of their own, published_<number>, and clients read
    the views of schema published, which are pointed at them one after the other. -#}
{% macro default__publish_marts(marts) %}
    {% set kept = publication_numbers() %}
    {% for number in publication_schemas() if number not in kept %}{% do drop_publication(number) %}{% endfor %}
    {% set number = (kept | last or 0) + 1 %}
    {% set schema = 'published_' ~ number %}
    {% do adapter.create_schema(schema_relation(schema)) %}
    {% set tagged = tagged_columns() %}
    {% for mart in marts if mart.name != 'run_manifest' %}
        {% do run_query(published_table(schema ~ '.' ~ mart.name) ~ ' as ' ~ published_rows(mart, tagged)) %}
    {% endfor %}
    {% set build_id = publish_manifest(marts, schema) %}
    {% do show_publication(number) %}
    {% for old in publication_numbers()[:-1 - number_var('published_builds_kept')] %}{% do drop_publication(old) %}{% endfor %}
    {% do log(published_summary(build_id, 'schema published', schema ~ '.run_manifest'), info=true) %}
{% endmacro %}


{#- A schema, in the target's database where it has one. -#}
{% macro schema_relation(schema) %}
    {% do return(api.Relation.create(database=target.get('database'), schema=schema)) %}
{% endmacro %}


{% macro names_in(schema) %}
    {% do return(list_relations_without_caching(schema_relation(schema)).columns[1].values() | list) %}
{% endmacro %}


{#- The numbers of all schemas that were begun, in their order. -#}
{% macro publication_schemas() %}
    {% set numbers = [] %}
    {% for name in list_schemas(target.get('database')).columns[0].values() %}
        {% if modules.re.fullmatch('published_[0-9]+', name) %}{% do numbers.append(name.split('_')[1] | int) %}{% endif %}
    {% endfor %}
    {% do return(numbers | sort) %}
{% endmacro %}


{#- Those of them that were finished: the manifest is written last. -#}
{% macro publication_numbers() %}
    {% set numbers = [] %}
    {% for number in publication_schemas() if 'run_manifest' in names_in('published_' ~ number) %}
        {% do numbers.append(number) %}
    {% endfor %}
    {% do return(numbers) %}
{% endmacro %}


{% macro drop_publication(number) %}
    {% do adapter.drop_schema(schema_relation('published_' ~ number)) %}
{% endmacro %}


{#- Points the views that clients read at the tables of a publication; to go back to a former one:
    dbt run-operation show_publication --args '{number: 3}'. -#}
{% macro show_publication(number) %}
    {% if number not in publication_numbers() %}
        {% do exceptions.raise_compiler_error(
            "Publication " ~ number ~ " is not kept: expected one of " ~ publication_numbers() | join(', ') ~ "."
        ) %}
    {% endif %}
    {% do adapter.create_schema(schema_relation('published')) %}
    {% set shown = names_in('published_' ~ number) %}
    {% for name in shown %}
        {% do run_query('create or replace view published.' ~ name ~ ' as select * from published_' ~ number ~ '.' ~ name) %}
    {% endfor %}
    {% for name in names_in('published') if name not in shown %}
        {% do adapter.drop_relation(schema_relation('published').incorporate(path={'identifier': name}, type='view')) %}
    {% endfor %}
{% endmacro %}
