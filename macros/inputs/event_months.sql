{#- Daily builds (var look_back_days): events are kept by the month in which they occurred, and a build reads only those
    months again that int_event_months_due lists. Without the var, every build reads every event. -#}
{% macro event_entities() %}
    {% do return(['interactions', 'transactions']) %}
{% endmacro %}


{#- The month of an event as a number, 202512; 0 where it has no date. -#}
{% macro event_month(occurred_at) -%}
    cast(coalesce(100 * extract(year from {{ occurred_at }}) + extract(month from {{ occurred_at }}), 0) as int)
{%- endmacro %}


{#- A number for dbt's invocation id, since a number takes less time to write beside each row. -#}
{% macro build_number() %}
    {% do return(local_md5(invocation_id)[:15] | int(0, 16)) %}
{% endmacro %}


{#- The config of staged events: a view on every engine, since what is not due is not to be parsed. -#}
{% macro staged_events() %}
    {% do return({'materialized': 'view'} if var('look_back_days') is not none else {}) %}
{% endmacro %}


{#- The config of a model whose rows are kept by month: the months due, told by the macro so named, are taken out and
    made anew. In two steps and not by overwriting, because a month may have no row any more. -#}
{% macro kept_by_month(months_macro, entity) %}
    {% if var('look_back_days') is none %}{% do return({'materialized': 'table'}) %}{% endif %}
    {% set config = {
        'materialized': 'incremental', 'incremental_strategy': 'append', 'on_schema_change': 'fail',
        'pre_hook': "{{ take_out_months(this, " ~ months_macro ~ "('" ~ entity ~ "')) }}",
    } %}
    {% if target.type == 'spark' %}{% do config.update({'partition_by': 'occurred_month'}) %}{% endif %}
    {% do return(config) %}
{% endmacro %}


{#- The numbers of the months of an entity that this build reads again; none: all of them. -#}
{% macro months_due(entity_name) %}
    {% if var('look_back_days') is none %}{% do return(none) %}{% endif %}
    {% set due = ref('int_event_months_due') %}
    {% if not execute or flags.FULL_REFRESH or load_relation(due) is none %}{% do return(none) %}{% endif %}
    {% do return(listed_months(
        "select occurred_month from " ~ due ~ " where entity_name = " ~ sql_literal(entity_name)
    )) %}
{% endmacro %}


{#- Those that a model which keeps them takes out of its table and reads; none where it has no table yet. -#}
{% macro months_to_read(entity_name) %}
    {% set months = months_due(entity_name) %}
    {% do return(months if is_incremental() else none) %}
{% endmacro %}


{#- Those in which conformed rows may have changed: beside the months read again, those of older rows that another row of
    the same key has withdrawn or set free since the last complete build. -#}
{% macro months_to_rebuild(entity_name) %}
    {% if var('look_back_days') is none %}{% do return(none) %}{% endif %}
    {% set withdrawn = withdrawn_by_month(entity_name) %}
    {% set months = months_to_read(entity_name) %}
    {% set built = former_event_months() if execute else none %}
    {% if months is none or built is none %}{% do return(none) %}{% endif %}
    {% set touched = listed_months(
        "select coalesce(built.occurred_month, withdrawn.occurred_month) from (select * from " ~ built
        ~ " where entity_name = " ~ sql_literal(entity_name) ~ ") as built full outer join (" ~ withdrawn
        ~ ") as withdrawn on built.occurred_month = withdrawn.occurred_month"
        ~ " where coalesce(built.withdrawn_rows, '') <> coalesce(withdrawn.withdrawn_rows, '')"
    ) %}
    {% do return((months + touched) | unique | sort | list) %}
{% endmacro %}


{#- Month numbers that a query gives; none where one of them is null, which stands for all. -#}
{% macro listed_months(query) %}
    {% set months = run_query(query).columns[0].values() | list %}
    {% do return(none if none in months else months | map('int') | sort | list) %}
{% endmacro %}


{#- Whether a month is one of a list, which may be empty. -#}
{% macro is_among_months(month, months) -%}
    {{ month ~ ' in (' ~ months | join(', ') ~ ')' if months else 'false' }}
{%- endmacro %}


{#- Whether an event is of one of the months. As comparisons with the first days of months, since engines take these down to
    the file and parse nothing else; numbers that are no months of the calendar need the function. -#}
{% macro occurred_in_months(occurred_at, months) -%}
    {%- set terms = [occurred_at ~ ' is null'] if 0 in months else [] -%}
    {%- set spans = {'from': [], 'before': []} -%}
    {%- for month in months | sort if month -%}
        {%- set month_after = month + (1 if month % 100 < 12 else 89) -%}
        {%- if month - (1 if month % 100 > 1 else 89) not in months -%}{%- do spans['from'].append(month) -%}{%- endif -%}
        {%- if month_after not in months -%}{%- do spans['before'].append(month_after) -%}{%- endif -%}
    {%- endfor -%}
    {%- for first in spans['from'] -%}
        {%- do terms.append(
            '(' ~ occurred_at ~ ' >= ' ~ month_literal(first) ~ ' and '
            ~ occurred_at ~ ' < ' ~ month_literal(spans['before'][loop.index0]) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set others = spans['from'] | select('lt', 100001) | list + spans['before'] | select('gt', 999912) | list -%}
    {{ is_among_months(event_month(occurred_at), months) if others else terms | join(' or ') or 'false' }}
{%- endmacro %}

{% macro month_literal(month) -%}
    cast('{{ '%04d-%02d-01' | format(month // 100, month % 100) }}' as timestamp)
{%- endmacro %}


{#- Pre-hook: takes the months, or all rows, out of a table that a build makes anew in part. -#}
{% macro take_out_months(relation, months) %}
    {% if execute and is_incremental() and months != [] %}
        {% do adapter.dispatch('take_out_months')(relation, months) %}
    {% endif %}
{% endmacro %}

{% macro default__take_out_months(relation, months) %}
    {% set condition = ' where ' ~ is_among_months('occurred_month', months) if months is not none else '' %}
    {% do run_query('delete from ' ~ relation ~ condition) %}
{% endmacro %}

{% macro spark__take_out_months(relation, months) %}
    {% set present = months if months is not none
        else listed_months('select distinct occurred_month from ' ~ relation) %}
    {% for month in present %}
        {% do run_query('alter table ' ~ relation ~ ' drop if exists partition (occurred_month = ' ~ month ~ ')') %}
    {% endfor %}
{% endmacro %}


{#- What the last complete build knew of each month; none where there was none. Models before it in a build read it so,
    since a ref would be a circle. -#}
{% macro former_event_months() %}
    {% if flags.FULL_REFRESH %}{% do return(none) %}{% endif %}
    {% do return(load_relation(this.incorporate(path={'identifier': 'int_event_months_built'}))) %}
{% endmacro %}


{#- By month, the rows that rows of the same key withdraw, as a text that changes with them. -#}
{% macro withdrawn_by_month(entity_name) -%}
    select
        occurred_month,
        {{ dbt.listagg(
            "file_name || ':' || line_number || case when is_conflicting then 'x' else '' end", "' '",
            "order by file_name, line_number"
        ) }} as withdrawn_rows
    from {{ ref('int_' ~ entity_name ~ '_repeated') }}
    where is_conflicting or is_copy
    group by occurred_month
{%- endmacro %}


{#- A text that changes with everything that decides how a row of the entity is read: its columns in the file, the checks,
    and what they allow. Not with the folder: each day may have its own. -#}
{% macro reading_signature(entity_name) %}
    {% set source = event_file(entity_name) %}
    {% set how = stage(own_input(entity_name)) | replace(source['path'], '') if source is not none else '' %}
    {% set ranges = graph.nodes.values() | selectattr('name', 'equalto', 'input_ranges') | first %}
    {% do return(local_md5(read_entity(entity_name, none, 0) ~ how ~ ranges.checksum.checksum)) %}
{% endmacro %}


{#- The Parquet file of an entity; none where it comes otherwise: a text would have to be parsed to tell its months, and
    the rows of a table have no numbers that they keep. -#}
{% macro event_file(entity_name) %}
    {% set raw = own_input(entity_name) %}
    {% set source = raw_source(raw) if 'entity' in raw else none %}
    {% do return(source if source is not none and source['format'] == 'parquet' else none) %}
{% endmacro %}


{#- Why all months of an entity are read again; none where what has changed can be told month by month. -#}
{% macro whole_reading_reason(entity_name, built) %}
    {% if event_file(entity_name) is none %}{% do return('not a Parquet file') %}{% endif %}
    {% set read = load_relation(this.incorporate(path={'identifier': 'int_' ~ entity_name ~ '_read'})) %}
    {% if built is none or read is none %}
        {% do return('no complete build before') %}
    {% endif %}
    {% set signatures = run_query(
        "select distinct signature from " ~ built ~ " where entity_name = " ~ sql_literal(entity_name)
    ).columns[0].values() | list %}
    {% do return(none if signatures == [reading_signature(entity_name)] else 'read otherwise before') %}
{% endmacro %}
