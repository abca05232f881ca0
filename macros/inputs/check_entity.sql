{#- Every staged row of an entity with its verdict: row_status is `conformed`, `quarantined` (rule_code, column_name and
    raw_value say why; the first broken rule speaks) or `deduplicated` (an exact copy of a conformed row). -#}
{% macro check_entity(entity_name) -%}
    {%- set entity = entities()[entity_name] -%}
    {%- set columns = entity['columns'] -%}
    {%- set key = entity['key'] -%}
    {%- set is_child = entity_name != 'customers' -%}
    with staged as (
        select * from {{ staged(entity_name) }}
    ),

    {% if is_child -%}
    known_customers as (
        select customer_id as known_customer_id from {{ ref('int_customers_conformed') }}
    ),

    {% endif -%}
    ranges as (
        select
            {%- for column, kind in columns.items() if kind in ('integer', 'number', 'money') %}
            max(case when column_name = '{{ column }}' then lower_bound end) as {{ column }}_lower,
            max(case when column_name = '{{ column }}' then upper_bound end) as {{ column }}_upper,
            {%- endfor %}
            count(*) as range_count
        from {{ ref('input_ranges') }}
        where entity_name = '{{ entity_name }}'
    ),

    rows_ruled as (
        select
            staged.*,
            case
                when fault_rule_code is not null then fault_rule_code
                when {{ key }} is null then 'missing_key:{{ key }}'
                {%- for column in entity['required'] %}
                when {{ column }} is null then 'missing_value:{{ column }}'
                {%- endfor %}
                {%- for column, kind in columns.items() if kind in ('integer', 'number', 'money') %}
                when {{ column }} < {{ column }}_lower or {{ column }} >= {{ column }}_upper
                    then 'out_of_range:{{ column }}'
                {%- endfor %}
                {%- for column, kind in columns.items() if kind in ('date', 'timestamp') %}
                when
                    {{ column }} < {{ date_var('earliest_date') }}
                    or {{ column }} >= {{ date_var('latest_date') }}
                    then 'out_of_range:{{ column }}'
                {%- endfor %}
                {%- for earlier, later in entity.get('ordered_dates', []) %}
                when {{ later }} < {{ earlier }} then 'inconsistent_dates:{{ later }}'
                {%- endfor %}
                {%- if is_child %}
                when known_customer_id is null then 'unknown_customer:customer_id'
                {%- endif %}
            end as broken_rule
        from staged
        cross join ranges
        {%- if is_child %}
        left join known_customers on staged.customer_id = known_customers.known_customer_id
        {%- endif %}
    ),

    -- only keys that occur more than once are compared by content, so that a large clean input pays for one count
    repeated_keys as (
        select {{ key }} as repeated_key
        from rows_ruled
        where broken_rule is null
        group by {{ key }}
        having count(*) > 1
    ),

    rows_marked as (
        select
            rows_ruled.*,
            repeated_key is not null as is_repeated
        from rows_ruled
        left join repeated_keys on rows_ruled.{{ key }} = repeated_keys.repeated_key and broken_rule is null
    ),

    repeated_rows as (
        select
            *,
            {{ content_hash(columns) }} as content_hash
        from rows_marked
        where is_repeated
    ),

    verdicts as (
        select
            *,
            cast(null as {{ kind_type('text') }}) as content_hash,
            broken_rule as verdict_rule,
            false as is_copy
        from rows_marked
        where not is_repeated
        union all
        select
            *,
            -- none of the rows can be told to be the right one, and the first one only by its place in the file
            case
                when
                    min(content_hash) over (partition by {{ key }}) <> max(content_hash) over (partition by {{ key }})
                    then 'duplicate_key:{{ key }}'
            end as verdict_rule,
            row_number() over (partition by {{ key }} order by file_name, line_number) > 1 as is_copy
        from repeated_rows
    )

    select
        file_name,
        line_number,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        case
            when verdict_rule is not null then 'quarantined'
            when is_copy then 'deduplicated'
            else 'conformed'
        end as row_status,
        split_part(verdict_rule, ':', 1) as rule_code,
        coalesce(fault_column_name, nullif(split_part(verdict_rule, ':', 2), '')) as column_name,
        case
            when fault_rule_code is not null then fault_raw_value
            {%- for column in columns %}
            when split_part(verdict_rule, ':', 2) = '{{ column }}' then cast({{ column }} as {{ kind_type('text') }})
            {%- endfor %}
        end as raw_value
    from verdicts
{%- endmacro %}


{#- The conformed rows of an entity, canonical columns only. -#}
{% macro conformed_rows(entity_name) -%}
    select
        {%- for column in entities()[entity_name]['columns'] %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_' ~ entity_name ~ '_checked') }}
    where row_status = 'conformed'
{%- endmacro %}
