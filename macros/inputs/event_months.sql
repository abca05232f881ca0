{#- Daily builds (var look_back_days): events are kept by the month in which they occurred, and a build reads only those
    months again that int_event_months_due lists. Without the var, every build reads every event. -#}
{% macro event_entities() %}
    {% do return(['interactions', 'transactions']) %}
{% endmacro %}


{#- Whether the rows of an entity say which month and build they are of: columns that other builds need not write. -#}
{% macro keeps_months(entity_name) %}
    {% do return(entity_name in event_entities() and var('look_back_days') is not none) %}
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


{#- A unit test gives a model all of its rows, and no list of months. -#}
{% macro is_daily_build() %}
    {% do return(var('look_back_days') is not none and model.resource_type != 'unit_test') %}
{% endmacro %}


{#- The numbers of the months of an entity that this build reads again; none: all of them, also where the list is not of
    this build, as when models are selected by name. -#}
{% macro months_due(entity_name) %}
    {% if not is_daily_build() %}{% do return(none) %}{% endif %}
    {% set due = ref('int_event_months_due') %}
    {% if not execute or flags.FULL_REFRESH or not is_listed_by_this_build(due) %}{% do return(none) %}{% endif %}
    {% do return(listed_months(
        "select occurred_month from " ~ due ~ " where entity_name = " ~ sql_literal(entity_name)
    )) %}
{% endmacro %}


{% macro is_listed_by_this_build(due) %}
    {% if not has_columns(load_relation(due), ['listed_by']) %}{% do return(false) %}{% endif %}
    {% set numbers = run_query('select distinct listed_by from ' ~ due).columns[0].values() | map('int') | list %}
    {% do return(numbers == [build_number()]) %}
{% endmacro %}


{#- Whether this build makes all that is kept of events, so that the next one may go by it: not where models are selected by
    name or left out. Whoever asks depends on them, and is skipped where one fails. -#}
{% macro is_complete_build(due) %}
    {% set missing = ['int_purchases_dated', 'int_event_customers_built', 'int_event_months_built'] %}
    {% for entity_name in event_entities() %}
        {% do missing.extend(['int_' ~ entity_name ~ '_read', 'int_' ~ entity_name ~ '_repeated']) %}
    {% endfor %}
    {% for resource in selected_resources if resource.split('.')[-1] in missing %}
        {% do missing.remove(resource.split('.')[-1]) %}
    {% endfor %}
    {% do return(not missing and is_listed_by_this_build(due)) %}
{% endmacro %}


{#- Those that a model which keeps them takes out of its table and reads; none where it has no table yet. -#}
{% macro months_to_read(entity_name) %}
    {% set months = months_due(entity_name) %}
    {% do return(months if is_incremental() else none) %}
{% endmacro %}


{#- Those in which conformed rows may have changed: beside the months read again, those of older rows that another row of
    the same key has withdrawn or set free since the last complete build. -#}
{% macro months_to_rebuild(entity_name) %}
    {% if not is_daily_build() %}{% do return(none) %}{% endif %}
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
    {%- set firsts, ends = [], [] -%}
    {%- for month in months | sort if month -%}
        {%- if month_shifted(month, -1) not in months -%}{%- do firsts.append(month) -%}{%- endif -%}
        {%- if month_shifted(month, 1) not in months -%}{%- do ends.append(month_shifted(month, 1)) -%}{%- endif -%}
    {%- endfor -%}
    {%- for first in firsts -%}
        {%- do terms.append(
            '(' ~ occurred_at ~ ' >= ' ~ month_literal(first) ~ ' and '
            ~ occurred_at ~ ' < ' ~ month_literal(ends[loop.index0]) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set beyond_calendar = firsts | select('lt', 100001) | list + ends | select('gt', 999912) | list -%}
    {{ is_among_months(event_month(occurred_at), months) if beyond_calendar else terms | join(' or ') or 'false' }}
{%- endmacro %}

{#- The number of the month after, or before. -#}
{% macro month_shifted(month, step) %}
    {% set count = month // 100 * 12 + month % 100 - 1 + step %}
    {% do return(count // 12 * 100 + count % 12 + 1) %}
{% endmacro %}

{% macro month_literal(month) -%}
    cast('{{ '%04d-%02d-01' | format(month // 100, month % 100) }}' as timestamp)
{%- endmacro %}


{#- Pre-hook: takes the months, or all rows, out of a table that a build makes anew in part. -#}
{% macro take_out_months(relation, months) %}
    {% if execute and is_incremental() and not has_columns(load_relation(relation), ['occurred_month']) %}
        {% do exceptions.raise_compiler_error(
            "Table " ~ relation.identifier ~ " does not say the months of its events, as a build without look_back_days "
            ~ "leaves it: begin daily builds with --full-refresh."
        ) %}
    {% endif %}
    {% if execute and is_incremental() and months != [] %}
        {% do adapter.dispatch('take_out_months')(relation, months) %}
    {% endif %}
{% endmacro %}

{% macro default__take_out_months(relation, months) %}
    {% set condition = ' where ' ~ is_among_months('occurred_month', months) if months is not none else '' %}
    {% do run_query('delete from ' ~ relation ~ condition) %}
{% endmacro %}

{% macro spark__take_out_months(relation, months) %}
    {% if spark_file_format() != 'parquet' %}{% do return(default__take_out_months(relation, months)) %}{% endif %}
    {% set present = months if months is not none
        else listed_months('select distinct occurred_month from ' ~ relation) %}
    {% for month in present %}
        {% do run_query('alter table ' ~ relation ~ ' drop if exists partition (occurred_month = ' ~ month ~ ')') %}
    {% endfor %}
{% endmacro %}


{#- What the last complete build knew of each month, and which customers it knew; none where there was none. Models before
    it in a build read it so, since a ref would be a circle. -#}
{% macro former_event_months() %}
    {% do return(left_by_last_build('int_event_months_built')) %}
{% endmacro %}

{% macro former_event_customers() %}
    {% do return(left_by_last_build('int_event_customers_built')) %}
{% endmacro %}

{% macro left_by_last_build(model_name) %}
    {% if flags.FULL_REFRESH %}{% do return(none) %}{% endif %}
    {% do return(load_relation(this.incorporate(path={'identifier': model_name}))) %}
{% endmacro %}


{#- By month, the rows that rows of the same key withdraw, as a text that changes with them. -#}
{% macro withdrawn_by_month(entity_name) -%}
    select
        occurred_month,
        {{ dbt.listagg(
            whole_text('line_number') ~ " || case when is_conflicting then 'x' else '' end", "' '",
            "order by line_number"
        ) }} as withdrawn_rows
    from {{ ref('int_' ~ entity_name ~ '_repeated') }}
    where is_conflicting or is_copy
    group by occurred_month
{%- endmacro %}


{#- What is known of the rows of each month without their contents, from a relation of events; added up by day first, since
    wide numbers take long. The sum of places changes where rows come or go, and where they move, unless within a day.
    `maxima` are further columns, the highest value of each expression. -#}
{% macro month_facts(events, maxima={}) -%}
    select
        {{ event_month('occurred_on') }} as occurred_month,
        cast(sum(row_count) as bigint) as row_count,
        sum(cast(line_sum as decimal(38, 0)) * (31 + coalesce(extract(day from occurred_on), 0))) as place_sum
        {%- for name in maxima %},
        max({{ name }}) as {{ name }}
        {%- endfor %}
    from (
        select
            cast(occurred_at as date) as occurred_on,
            count(*) as row_count,
            sum(line_number) as line_sum
            {%- for name, value in maxima.items() %},
            max({{ value }}) as {{ name }}
            {%- endfor %}
        from {{ events }}
        group by cast(occurred_at as date)
    ) as days
    group by {{ event_month('occurred_on') }}
{%- endmacro %}


{#- The Parquet file of an entity; none where it comes otherwise: a text would have to be parsed to tell its months, and
    the rows of a table have no numbers that they keep. -#}
{% macro event_file(entity_name) %}
    {% set raw = declared_input(entity_name) %}
    {% set source = raw_source(raw) if 'entity' in raw else none %}
    {% do return(source if source is not none and source['format'] == 'parquet' else none) %}
{% endmacro %}


{#- What must be named beside refs in a model that calls reading_signature, whose refs dbt cannot see before it runs. -#}
{% macro depends_on_reading() -%}
    -- depends_on: {{ ref('cities') }}
    -- depends_on: {{ ref('input_ranges') }}
    -- depends_on: {{ ref('int_customers_conformed') }}
    {%- for entity_name in event_entities() %}{% do staged(entity_name) %}{% endfor %}
{%- endmacro %}


{#- All that is kept of events. -#}
{% macro depends_on_events() -%}
    {%- for entity_name in event_entities() %}
    -- depends_on: {{ ref('int_' ~ entity_name ~ '_read') }}
    -- depends_on: {{ ref('int_' ~ entity_name ~ '_repeated') }}
    {%- endfor %}
    -- depends_on: {{ ref('int_purchases_dated') }}
{%- endmacro %}


{#- A text that changes with everything that decides how a row of the entity is read: the name of its file, its columns
    there, the checks, and what they allow. Not with the folder: each day may have its own. -#}
{% macro reading_signature(entity_name) %}
    {% set source = event_file(entity_name) %}
    {% if source is none %}{% do return('') %}{% endif %}
    {% set staging = graph.nodes.values()
        | selectattr('name', 'equalto', 'stg_' ~ var('source_system') ~ '__' ~ entity_name) | first %}
    {% set ranges = run_query(
        'select column_name, lower_bound, upper_bound from ' ~ ref('input_ranges') ~ ' where entity_name = '
        ~ sql_literal(entity_name) ~ ' order by column_name'
    ).rows | map('list') | list %}
    {% do return(local_md5(
        staging.checksum.checksum ~ source['file_name'] ~ stage(declared_input(entity_name)) | replace(source['path'], '')
        ~ read_entity(entity_name, none, 0) ~ ranges
    )) %}
{% endmacro %}


{#- Why all months of an entity are read again; none where what has changed can be told month by month. -#}
{% macro whole_reading_reason(entity_name, built) %}
    {% if event_file(entity_name) is none %}{% do return('not a Parquet file') %}{% endif %}
    {% set read = load_relation(this.incorporate(path={'identifier': 'int_' ~ entity_name ~ '_read'})) %}
    {% set customers = former_event_customers() %}
    {% if built is none or customers is none or not has_columns(read, ['read_by', 'occurred_month'])
        or not run_query('select customer_id from ' ~ customers ~ ' limit 1').rows | list %}
        {% do return('no complete build before') %}
    {% endif %}
    {% set built_months = "(select * from " ~ built ~ " where entity_name = '" ~ entity_name ~ "') as built" %}
    {% set signatures = run_query("select distinct signature from " ~ built_months).columns[0].values() | list %}
    {% if signatures != [reading_signature(entity_name)] %}{% do return('read otherwise before') %}{% endif %}
    {% set read_months = "(select occurred_month, max(read_by) as read_by from " ~ read ~ " group by occurred_month)" %}
    {% set read_otherwise = run_query(
        "select count(*) from " ~ built_months ~ " full outer join " ~ read_months ~ " as as_read"
        ~ " on built.occurred_month = as_read.occurred_month"
        ~ " where coalesce(built.read_by, 0) <> coalesce(as_read.read_by, 0)"
    ).columns[0].values() | first | int %}
    {#- rows of it may have gone again, and what else it has made of them is not known -#}
    {% do return('a build before did not finish' if read_otherwise else none) %}
{% endmacro %}
