-- What a complete build leaves of each month of events, for the next daily build to compare with. It comes after all
-- models that keep events by month, so that a month which one of them has not finished is read again.
{{ config(enabled=var('look_back_days') is not none) }}
-- depends_on: {{ ref('cities') }}
-- depends_on: {{ ref('input_ranges') }}
-- depends_on: {{ ref('int_customers_conformed') }}
-- depends_on: {{ ref('int_purchases_dated') }}

with
{%- for entity_name in event_entities() %}
{%- do staged(entity_name) %}
{{ entity_name }}_read as (
    select
        occurred_month,
        max(read_by) as read_by,
        count(*) as row_count,
        sum(line_number) as line_number_sum
    from {{ ref('int_' ~ entity_name ~ '_read') }}
    group by occurred_month
),

{{ entity_name }}_withdrawn as (
    {{ withdrawn_by_month(entity_name) }}
),
{%- endfor %}

built as (
    {%- for entity_name in event_entities() %}
    select
        '{{ entity_name }}' as entity_name,
        read_rows.occurred_month,
        read_rows.read_by,
        read_rows.row_count,
        read_rows.line_number_sum,
        withdrawn.withdrawn_rows,
        '{{ reading_signature(entity_name) if execute and entity_name in supplied_entities() else "" }}' as signature
    from {{ entity_name }}_read as read_rows
    left join {{ entity_name }}_withdrawn as withdrawn on read_rows.occurred_month = withdrawn.occurred_month
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from built
