-- What a reader of this extract has to know of how it was read: one note a row, for quality_inputs and, where a name is
-- almost one that is read, for the closing lines. What makes values wrong is a finding too.
{%- do wait_for_declared_models() -%}
{%- set notes = reading_notes() if execute else [] %}

with file_notes as (
    {%- for note in notes %}
    select
        {{ sql_literal(note['entity_name']) }} as entity_name,
        {{ loop.index }} as note_number,
        {{ sql_literal(note['note']) }} as note,
        {{ 'true' if note.get('is_near_miss') else 'false' }} as is_near_miss,
        {{ 'true' if note.get('is_finding') else 'false' }} as is_finding
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as {{ kind_type('text') }}) as entity_name,
        cast(null as integer) as note_number,
        cast(null as {{ kind_type('text') }}) as note,
        cast(null as boolean) as is_near_miss,
        cast(null as boolean) as is_finding
    where 1 = 0
    {%- endfor %}
),

keys_compared as (
    select * from {{ ref('int_keys_compared') }}
),

spelling_notes as (
    {%- for entity_name, column in unified_columns().items() %}
    select
        '{{ entity_name }}' as entity_name,
        1001 as note_number,
        'Spellings of {{ column }} read as one value: '
        || {{ grouped_text('count(*) + count(distinct unified)') }} || ' as ' || {{ whole_text('count(distinct unified)') }} as note,
        false as is_near_miss,
        false as is_finding
    from {{ spellings_of(column) }}
    where entity_name = '{{ entity_name }}'
    having count(*) > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

key_notes as (
    select
        entity_name,
        1002 as note_number,
        case
            when entity_name = 'customers'
                then 'Keys that differ from another only in leading zeros, case, blanks or the form of letters: '
                    || {{ grouped_text('alike_count') }}
            else 'Rows of unknown customers: ' || {{ grouped_text('unknown_count') }} || ', of which '
                || {{ grouped_text('alike_count') }}
                || ' differ from a known one only in leading zeros, case, blanks or the form of letters'
        end as note,
        entity_name <> 'customers' as is_near_miss,
        false as is_finding
    from keys_compared
    where alike_count > 0
),

consent_notes as (
    select
        'customers' as entity_name,
        1003 as note_number,
        'Nobody is known to consent to marketing or to refuse it, so this keeps nobody from a strategy' as note,
        false as is_near_miss,
        false as is_finding
    from {{ ref('int_customers_conformed') }}
    having count(*) > 0 and count(marketing_consent) = 0
),

noted as (
    select * from file_notes
    union all
    select * from spelling_notes
    union all
    select * from key_notes
    union all
    select * from consent_notes
)

select * from noted
