-- Values of flags, numbers and dates are shown, so that their owner sees the spelling; names, cities, keys and whole lines are
-- masked, and so are days of birth and what a spreadsheet would run.
with checked_rows as (
    {%- for entity_name, entity in entities().items() %}
    {%- set shown = ["''"] %}
    {%- for column, kind in entity['columns'].items()
        if kind not in ('text', 'city', 'key') and column not in entity['key'] and column != 'birth_date' %}
        {%- do shown.append("'" ~ column ~ "'") %}
    {%- endfor %}
    select
        '{{ entity_name }}' as entity_name,
        line_number,
        rule_code,
        column_name,
        broken_rules,
        raw_value,
        coalesce(column_name in ({{ shown | join(', ') }}) and not ({{ is_formula_like('raw_value') }}), false) as is_shown
    from {{ ref('int_' ~ entity_name ~ '_checked') }}
    where row_status = 'quarantined'
    union all
    {%- endfor %}
    select
        entity_name,
        line_number,
        rule_code,
        column_name,
        broken_rules,
        raw_value,
        false as is_shown
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
        case
            when checked_rows.is_shown then left(checked_rows.raw_value, 40)
            else {{ masked_value('checked_rows.raw_value') }}
        end as raw_value_masked,
        checked_rows.broken_rules
    from checked_rows
    left join files
        on
            checked_rows.entity_name = files.entity_name
            and {{ part_of('checked_rows.line_number') }} = files.part_number
)

select * from masked
