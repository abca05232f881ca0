-- The months whose events a daily build reads again, and why: what the file holds of each month is compared with what the
-- last complete build left. A null month stands for all of them.
{{ config(enabled=var('look_back_days') is not none) }}
{{ depends_on_reading() }}
{%- set built = former_event_months() if execute else none %}
{%- set last_occurred_at = 'case when occurred_at < ' ~ date_var('latest_date') ~ ' then occurred_at end' %}
{%- set latest_date = 'cast(max(last_occurred_at) as date)' %}
{%- if var('as_of_date') is not none %}
    {%- set latest_date = 'least(' ~ latest_date ~ ', ' ~ date_var('as_of_date') ~ ')' %}
{%- endif %}
{%- set whole, by_month = {}, [] %}
{%- for entity_name in event_entities() %}
    {%- set reason = whole_reading_reason(entity_name, built) if execute else 'unknown' %}
    {%- do whole.update({entity_name: reason}) if reason else by_month.append(entity_name) %}
{%- endfor %}

with {% if by_month -%}
customers as (
    select customer_id from {{ ref('int_customers_conformed') }}
),

in_file as (
    {%- for entity_name in by_month %}
    select
        '{{ entity_name }}' as entity_name,
        months_in_file.*
    from (
        {{ month_facts(staged(entity_name), {'last_occurred_at': last_occurred_at}) | indent(8) }}
    ) as months_in_file
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

recent as (
    select
        entity_name,
        {{ event_month(date_shifted(latest_date, -number_var('look_back_days'), 'day')) }} as first_month
    from in_file
    group by entity_name
),

built as (
    select * from {{ built }}
    where entity_name in ('{{ by_month | join("', '") }}')
),

gone_customers as (
    select former.customer_id
    from {{ former_event_customers() }} as former
    left join customers on former.customer_id = customers.customer_id
    where customers.customer_id is null
),

-- rows of customers who have come since, or gone
rows_of_others as (
    {%- for entity_name in by_month %}
    {%- set read = this.incorporate(path={'identifier': 'int_' ~ entity_name ~ '_read'}) %}
    select
        '{{ entity_name }}' as entity_name,
        occurred_month
    from {{ read }}
    where broken_rule is null and customer_id in (select gone_customers.customer_id from gone_customers)
    union all
    select
        '{{ entity_name }}' as entity_name,
        occurred_month
    from {{ read }}
    where
        broken_rule like 'unknown_customer:%'
        and customer_id in (select customers.customer_id from customers)
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

of_others as (
    select
        entity_name,
        occurred_month,
        count(*) as changed_count
    from rows_of_others
    group by entity_name, occurred_month
),

months as (
    {%- for relation in ['in_file', 'built'] %}
    select
        entity_name,
        occurred_month
    from {{ relation }}
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}
),

compared as (
    select
        months.entity_name,
        months.occurred_month,
        case
            when in_file.row_count is null then 'no longer in the file'
            when built.row_count is null then 'new'
            when built.row_count <> in_file.row_count or built.place_sum <> in_file.place_sum
                then 'rows have come, gone or moved'
            when months.occurred_month = 0 then 'without a date'
            when months.occurred_month >= recent.first_month then 'recent'
            when of_others.changed_count > 0 then 'customers have come or gone'
        end as due_reason
    from months
    {%- for relation in ['in_file', 'built', 'of_others'] %}
    left join {{ relation }}
        on months.entity_name = {{ relation }}.entity_name and months.occurred_month = {{ relation }}.occurred_month
    {%- endfor %}
    left join recent on months.entity_name = recent.entity_name
),
{%- endif %}

due as (
    select
        cast(null as {{ kind_type('text') }}) as entity_name,
        cast(null as int) as occurred_month,
        cast(null as {{ kind_type('text') }}) as due_reason
    where 1 = 0
    {%- for entity_name, reason in whole.items() %}
    union all
    select
        '{{ entity_name }}' as entity_name,
        cast(null as int) as occurred_month,
        {{ sql_literal(reason) }} as due_reason
    {%- endfor %}
    {%- if by_month %}
    union all
    select
        entity_name,
        occurred_month,
        due_reason
    from compared
    where due_reason is not null
    {%- endif %}
)

select
    *,
    cast({{ build_number() }} as bigint) as listed_by
from due
