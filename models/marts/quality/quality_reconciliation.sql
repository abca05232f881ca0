-- raw rows = conformed + quarantined + deduplicated + excluded, to the row and to the money. raw_count and raw_amount do not come
-- from the rows that were judged: the first is counted apart from the parse, the second is summed before any check or join.
-- Sums are compared in full; one too large for the column's type is shown as null.
{%- set statuses = ['conformed', 'quarantined', 'deduplicated', 'excluded'] %}

with judged as (
    select * from {{ ref('int_rows_judged') }}
),

statuses_counted as (
    {%- for entity_name in entities() %}
    select
        '{{ entity_name }}' as entity_name,
        'conformed' as row_status,
        count(*) as row_count,
        sum({{ reconciled_amount(entity_name) }}) as amount
    from {{ ref('int_' ~ entity_name ~ '_conformed') }}
    union all
    {%- endfor %}
    {%- for input_name in own_inputs() %}
    select
        {{ sql_literal(input_name) }} as entity_name,
        'conformed' as row_status,
        count(*) as row_count,
        sum({{ reconciled_amount(input_name) }}) as amount
    from {{ staged(input_name) }}
    where fault is null
    union all
    {%- endfor %}
    {%- for entity_name in entities().keys() | list + own_inputs() %}
    select
        judged.entity_name,
        judged.row_status,
        count(*) as row_count,
        sum({{ reconciled_amount(entity_name) }}) as amount
    from judged
    inner join {{ staged(entity_name) }} as staged_rows on judged.line_number = staged_rows.line_number
    where judged.entity_name = {{ sql_literal(entity_name) }}
    group by judged.entity_name, judged.row_status
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

staged_amounts as (
    {%- for entity_name in entities().keys() | list + own_inputs() %}
    select
        {{ sql_literal(entity_name) }} as entity_name,
        sum({{ reconciled_amount(entity_name) }}) as raw_amount
    from {{ staged(entity_name) }} as staged_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

raw_counts as (
    select
        entity_name,
        file_name,
        sum(raw_count) as raw_count
    from {{ ref('int_raw_rows_counted') }}
    group by entity_name, file_name
),

statuses as (
    select
        entity_name,
        {%- for status in statuses %}
        coalesce(sum(row_count) filter (where row_status = '{{ status }}'), 0) as {{ status }}_count,
        coalesce(sum(amount) filter (where row_status = '{{ status }}'), 0) as {{ status }}_amount
        {{- ',' if not loop.last }}
        {%- endfor %}
    from statuses_counted
    group by entity_name
),

reconciled as (
    select
        {{ sql_literal(var('source_system') ~ '.') }} || raw_counts.entity_name as source_name,
        raw_counts.file_name,
        cast(raw_counts.raw_count as bigint) as raw_count,
        {%- for status in statuses %}
        cast(coalesce(statuses.{{ status }}_count, 0) as bigint) as {{ status }}_count,
        {%- endfor %}
        try_cast(coalesce(staged_amounts.raw_amount, 0) as decimal(18, 2)) as raw_amount,
        {%- for status in statuses %}
        try_cast(coalesce(statuses.{{ status }}_amount, 0) as decimal(18, 2)) as {{ status }}_amount,
        {%- endfor %}
        raw_counts.raw_count
        = coalesce(statuses.{{ statuses | join('_count + statuses.') }}_count, 0)
        and coalesce(staged_amounts.raw_amount, 0)
        = coalesce(statuses.{{ statuses | join('_amount + statuses.') }}_amount, 0)
            as is_reconciled
    from raw_counts
    left join statuses on raw_counts.entity_name = statuses.entity_name
    left join staged_amounts on raw_counts.entity_name = staged_amounts.entity_name
)

select * from reconciled
