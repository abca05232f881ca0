-- The months whose events a daily build reads again, and why: what the file holds of each month is compared with what the
-- last complete build left. A null month stands for all of them.
{{ config(enabled=var('look_back_days') is not none) }}
-- depends_on: {{ ref('cities') }}
-- depends_on: {{ ref('input_ranges') }}
-- depends_on: {{ ref('int_customers_conformed') }}
{%- set built = former_event_months() if execute else none %}
{%- set whole_reasons = {} %}
{%- for entity_name in event_entities() if entity_name in supplied_entities() %}
    {%- do staged(entity_name) %}
    {%- do whole_reasons.update({entity_name: whole_reading_reason(entity_name, built) if execute else 'unknown'}) %}
{%- endfor %}

with no_month as (
    select
        cast(null as {{ kind_type('text') }}) as entity_name,
        cast(null as int) as occurred_month,
        cast(null as {{ kind_type('text') }}) as due_reason
    where 1 = 0
),

{%- for entity_name, whole_reason in whole_reasons.items() if not whole_reason %}
{%- set read = this.incorporate(path={'identifier': 'int_' ~ entity_name ~ '_read'}) %}

{{ entity_name }}_in_file as (
    select
        {{ event_month('occurred_at') }} as occurred_month,
        count(*) as row_count,
        sum(line_number) as line_number_sum,
        max(case when occurred_at < {{ date_var('latest_date') }} then occurred_at end) as last_occurred_at
    from {{ staged(entity_name) }}
    group by {{ event_month('occurred_at') }}
),

{{ entity_name }}_built as (
    select * from {{ built }}
    where entity_name = '{{ entity_name }}'
),

{{ entity_name }}_read as (
    select
        occurred_month,
        max(read_by) as read_by
    from {{ read }}
    group by occurred_month
),

-- rows of customers who have come since, or gone
{{ entity_name }}_of_others as (
    select distinct read_rows.occurred_month
    from {{ read }} as read_rows
    left join {{ ref('int_customers_conformed') }} as customers on read_rows.customer_id = customers.customer_id
    where
        (read_rows.rule_code is null and customers.customer_id is null)
        or (read_rows.rule_code = 'unknown_customer' and customers.customer_id is not null)
),

{{ entity_name }}_recent as (
    select {{ event_month(date_shifted('cast(max(last_occurred_at) as date)', -number_var('look_back_days'), 'day')) }}
        as first_month
    from {{ entity_name }}_in_file
),

{{ entity_name }}_compared as (
    select
        coalesce(in_file.occurred_month, built.occurred_month) as occurred_month,
        case
            when in_file.occurred_month is null then 'no longer in the file'
            when built.occurred_month is null then 'new'
            when
                built.row_count <> in_file.row_count or built.line_number_sum <> in_file.line_number_sum
                then 'rows have come, gone or moved'
            when read_rows.read_by is null or read_rows.read_by <> built.read_by
                then 'read by a build that did not finish'
            when in_file.occurred_month = 0 then 'without a date'
            when in_file.occurred_month >= recent.first_month then 'recent'
            when of_others.occurred_month is not null then 'customers have come or gone'
        end as due_reason
    from {{ entity_name }}_in_file as in_file
    cross join {{ entity_name }}_recent as recent
    full outer join {{ entity_name }}_built as built on in_file.occurred_month = built.occurred_month
    left join {{ entity_name }}_read as read_rows on built.occurred_month = read_rows.occurred_month
    left join {{ entity_name }}_of_others as of_others on built.occurred_month = of_others.occurred_month
),
{%- endfor %}

due as (
    select * from no_month
    {%- for entity_name, whole_reason in whole_reasons.items() %}
    union all
    select
        '{{ entity_name }}' as entity_name,
        {{ 'cast(null as int)' if whole_reason else 'occurred_month' }} as occurred_month,
        {{ sql_literal(whole_reason) if whole_reason else 'due_reason' }} as due_reason
    {%- if not whole_reason %}
    from {{ entity_name }}_compared
    where due_reason is not null
    {%- endif %}
    {%- endfor %}
)

select * from due
