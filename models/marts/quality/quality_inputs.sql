-- What the layout supplies, input by input, and which marts are empty without it.
with statuses as (
    {%- for entity_name in entities() %}
    select
        '{{ entity_name }}' as entity_name,
        {{ 'true' if entity_name in supplied_entities() else 'false' }} as is_declared,
        (select count(*) from {{ staged(entity_name) }} as staged_rows) as staged_count,
        (select count(*) from {{ ref('int_' ~ entity_name ~ '_conformed') }}) as conformed_count
    {%- if not loop.last or own_inputs() %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- for input_name in own_inputs() %}
    select
        {{ sql_literal(input_name) }} as entity_name,
        true as is_declared,
        count(*) as staged_count,
        count(*) filter (where fault is null) as conformed_count
    from {{ staged(input_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

entities as (
    select * from {{ ref('entities') }}
    {%- for input_name in own_inputs() %}
    union all
    select
        {{ sql_literal(input_name) }} as entity_name,
        'marts that only this layout has are empty' as needed_by
    {%- endfor %}
),

files as (
    select distinct
        entity_name,
        file_name
    from {{ ref('int_raw_rows_counted') }}
),

profiled as (
    select * from {{ ref('int_entities_profiled') }}
),

churn_notes as (
    select
        'customers' as entity_name,
        {{ dbt.listagg('note', "'. '", 'order by note_number') }} as churn_note
    from {{ ref('int_churn_notes') }}
),

reading_notes as (
    select
        entity_name,
        {{ dbt.listagg('note', "'. '", 'order by note_number') }} as reading_note
    from {{ ref('int_inputs_noted') }}
    where not is_finding
    group by entity_name
),

empty_marts as (
    select
        missing_columns,
        {{ dbt.listagg('mart_name', "', '", 'order by mart_name') }} as mart_names
    from {{ ref('int_marts_without_input') }}
    group by missing_columns
),

empty_notes as (
    select
        'customers' as entity_name,
        {{ dbt.listagg("'Without ' || missing_columns || ' these marts are empty: ' || mart_names", "'. '", 'order by missing_columns') }}
            as empty_note
    from empty_marts
),

findings as (
    select
        entity_name,
        {{ dbt.listagg('finding', "'. '", 'order by finding') }} as finding_note
    from {{ ref('int_input_findings') }}
    group by entity_name
),

described as (
    select
        {{ sql_literal(var('source_system')) }} as source_system,
        statuses.entity_name,
        files.file_name,
        statuses.staged_count > 0 as is_supplied,
        statuses.staged_count,
        statuses.conformed_count,
        case
            when statuses.conformed_count = 0 and not statuses.is_declared
                then 'This layout has no ' || statuses.entity_name || '; ' || entities.needed_by
            when statuses.staged_count = 0 then 'Nothing was supplied; ' || entities.needed_by
            when statuses.conformed_count = 0
                then 'No usable row; ' || entities.needed_by || coalesce('. ' || findings.finding_note, '')
            else nullif({{ concat_present(['findings.finding_note', 'profiled.blank_note'], '. ') }}, '')
        end as content_note,
        reading_notes.reading_note,
        case
            when statuses.conformed_count > 0
                then nullif({{ concat_present(['churn_notes.churn_note', 'empty_notes.empty_note'], '. ') }}, '')
        end as use_note,
        profiled.blank_counts,
        profiled.column_profile
    from statuses
    inner join entities on statuses.entity_name = entities.entity_name
    left join files on statuses.entity_name = files.entity_name
    left join findings on statuses.entity_name = findings.entity_name
    left join profiled on statuses.entity_name = profiled.entity_name
    left join empty_notes on statuses.entity_name = empty_notes.entity_name
    left join churn_notes on statuses.entity_name = churn_notes.entity_name
    left join reading_notes on statuses.entity_name = reading_notes.entity_name
),

-- what lies in the folder and no entity is read from
not_read as (
    select
        entity_name,
        reading_note
    from reading_notes
    where entity_name = 'not read'
),

noted as (
    select
        source_system,
        entity_name,
        file_name,
        is_supplied,
        staged_count,
        conformed_count,
        nullif({{ concat_present(['content_note', 'reading_note', 'use_note'], '. ') }}, '') as note,
        blank_counts,
        column_profile
    from described
    union all
    select
        {{ sql_literal(var('source_system')) }} as source_system,
        entity_name,
        null as file_name,
        false as is_supplied,
        0 as staged_count,
        0 as conformed_count,
        reading_note as note,
        cast(null as {{ kind_type('text') }}) as blank_counts,
        cast(null as {{ kind_type('text') }}) as column_profile
    from not_read
)

select * from noted
