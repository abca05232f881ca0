-- Values of flags, numbers and dates are shown, so that their owner sees the spelling; names, cities, keys and whole lines are
-- masked, and so are days of birth and what a spreadsheet would run.
{%- set shown = ["''"] %}
{%- for entity_name, entity in entities().items() %}
    {%- for column, kind in entity['columns'].items()
        if not own_columns(entity_name).get(column, {}).get('is_personal') and kind not in ('text', 'city', 'key') and column not in entity['key'] and column != 'birth_date' %}
        {%- do shown.append("'" ~ entity_name ~ '.' ~ column ~ "'") %}
    {%- endfor %}
{%- endfor %}
with judged as (
    select
        *,
        coalesce(entity_name || '.' || column_name in ({{ shown | join(', ') }}) and not ({{ is_formula_like('raw_value') }}), false)
            as is_shown
    from {{ ref('int_rows_judged') }}
    where row_status = 'quarantined'
),

files as (
    select * from {{ ref('int_raw_rows_counted') }}
),

masked as (
    select
        {{ sql_literal(var('source_system') ~ '.') }} || judged.entity_name as source_name,
        files.part_name as file_name,
        {{ line_of('judged.line_number') }} as line_number,
        judged.rule_code,
        judged.column_name,
        case
            when judged.is_shown then left(judged.raw_value, 40)
            else {{ masked_value('judged.raw_value') }}
        end as raw_value_masked,
        judged.broken_rules
    from judged
    left join files
        on
            judged.entity_name = files.entity_name
            and {{ part_of('judged.line_number') }} = files.part_number
)

select * from masked
