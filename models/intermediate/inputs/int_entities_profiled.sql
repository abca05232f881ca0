-- A short profile of the columns of each entity: units, spellings and blanks show how a layout was read. What
-- would take long is left out: different values of keys, medians of snapshots, and different numbers and dates of what has
-- many rows. Blanks are kept and shown as unknown; those of a column that may be blank are no finding.
-- too_large_columns have amounts whose sum does not fit the type of money in marts.
{%- set largest_sum = 10000000000000000 %}
{%- set may_be_blank = ['closed_on', 'closed_reason', 'is_churned', 'ends_on', 'is_renewed', 'is_retained', 'contacted_on',
    'order_id'] %}

{%- for entity_name, entity in entities().items() %}
{%- set blanks, counts, profiles, sums = [], [], [], [] %}
{%- for column, kind in entity['columns'].items() %}
{%- set blank_count = 'count(*) - count(' ~ column ~ ')' %}
{%- set is_personal = own_columns(entity_name).get(column, {}).get('is_personal') %}
{%- set is_number = kind in ('integer', 'number', 'money') %}
{%- set parts = ["''"] %}
{%- if (is_number or kind in ('date', 'timestamp')) and not is_personal %}
    {%- set parts = [profiled_text('min(' ~ column ~ ')', kind) ~ " || ' to ' || " ~ profiled_text('max(' ~ column ~ ')', kind)] %}
    {%- if is_number and entity_name != 'customer_snapshots' %}
        {%- set median = list_item(quantiles('cast(' ~ column ~ ' as double)', [0.5]), 1) %}
        {%- do parts.append("'median ' || " ~ profiled_text(median, 'number')) %}
    {%- endif %}
    {%- if entity_name not in ('customer_snapshots', 'interactions', 'transactions') %}
        {%- do parts.append(whole_text('count(distinct ' ~ column ~ ')') ~ " || ' different'") %}
    {%- endif %}
{%- elif not is_personal and column not in entity['key'] and column not in ('customer_id', 'order_id') %}
    {%- set parts = [whole_text('count(distinct ' ~ column ~ ')') ~ " || ' different'"] %}
{%- else %}
    {%- set parts = [whole_text('count(' ~ column ~ ')') ~ " || ' values'"] %}
{%- endif %}
{%- do parts.append(whole_text(blank_count) ~ " || ' blank'") %}
{%- do profiles.append(
    'case when count(' ~ column ~ ") > 0 then '" ~ column ~ " ' || " ~ concat_present(parts, ', ') ~ ' end'
) %}
{%- if kind == 'money' %}
    {%- do sums.append('case when sum(abs(' ~ column ~ ')) >= ' ~ largest_sum ~ " then '" ~ column ~ "' end") %}
{%- endif %}
{%- if column not in may_be_blank %}
    {%- set is_blank = 'case when ' ~ blank_count ~ ' > 0 and count(' ~ column ~ ') > 0 then ' %}
    {%- do blanks.append(is_blank ~ "'" ~ column ~ " ' || " ~ whole_text(blank_count) ~ ' end') %}
    {%- do counts.append(is_blank ~ "'\"" ~ column ~ "\": ' || " ~ whole_text(blank_count) ~ ' end') %}
{%- endif %}
{%- endfor %}
select
    '{{ entity_name }}' as entity_name,
    'Blank: ' || nullif({{ concat_present(blanks, ', ') }}, '') as blank_note,
    '{' || nullif({{ concat_present(counts, ', ') }}, '') || '}' as blank_counts,
    nullif({{ concat_present(profiles, '; ') }}, '') as column_profile,
    {{ "nullif(" ~ concat_present(sums, ', ') ~ ", '')" if sums else 'cast(null as ' ~ kind_type('text') ~ ')' }} as too_large_columns
from {{ ref('int_' ~ entity_name ~ '_conformed') }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
