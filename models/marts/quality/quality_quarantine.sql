with checked_rows as (
    {%- for entity_name in entities() %}
    select
        '{{ entity_name }}' as entity_name,
        file_name,
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
        file_name,
        line_number,
        rule_code,
        column_name,
        raw_value
    from {{ ref('int_own_inputs_checked') }}
    where row_status = 'quarantined'
),

masked as (
    select
        {{ sql_literal(var('source_system') ~ '.') }} || entity_name as source_name,
        file_name,
        line_number,
        rule_code,
        column_name,
        {{ masked_value('raw_value') }} as raw_value_masked
    from checked_rows
)

select * from masked
