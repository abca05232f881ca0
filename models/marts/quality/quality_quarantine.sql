with checked_rows as (
    {%- for entity_name in entities() %}
    select
        '{{ entity_name }}' as entity_name,
        line_number,
        rule_code,
        column_name,
        raw_value
    from {{ ref('int_' ~ entity_name ~ '_checked') }}
    where row_status = 'quarantined'
    union all
    {%- endfor %}
    select
        entity_name,
        line_number,
        rule_code,
        column_name,
        raw_value
    from {{ ref('int_own_inputs_checked') }}
    where row_status = 'quarantined'
),

files as (
    select * from {{ ref('int_raw_rows_counted') }}
),

masked as (
    select
        {{ sql_literal(var('source_system') ~ '.') }} || checked_rows.entity_name as source_name,
        files.part_name as file_name,
        {{ line_of('checked_rows.line_number') }} as line_number,
        checked_rows.rule_code,
        checked_rows.column_name,
        {{ masked_value('checked_rows.raw_value') }} as raw_value_masked
    from checked_rows
    left join files
        on
            checked_rows.entity_name = files.entity_name
            and {{ part_of('checked_rows.line_number') }} = files.part_number
)

select * from masked
