-- What a complete build leaves of each month of events, for the next daily build to compare with. It comes after all
-- models that keep events by month, so that a build which stops before one of them is known not to have finished.
{{ config(enabled=var('look_back_days') is not none) }}
{{ depends_on_reading() }}
{{ depends_on_events() }}
-- depends_on: {{ ref('int_event_customers_built') }}
{%- set due = ref('int_event_months_due') %}
{%- set is_complete = execute and is_complete_build(due) %}

with
{%- for entity_name in event_entities() %}
{{ entity_name }}_read as (
    {{ month_facts(ref('int_' ~ entity_name ~ '_read'), {'read_by': 'read_by'}) }}
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
        read_rows.place_sum,
        withdrawn.withdrawn_rows,
        '{{ reading_signature(entity_name) if is_complete else "" }}' as signature
    from {{ entity_name }}_read as read_rows
    left join {{ entity_name }}_withdrawn as withdrawn on read_rows.occurred_month = withdrawn.occurred_month
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from built
