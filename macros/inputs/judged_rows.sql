{#- The staged rows of an entity that do not conform, with their verdict: row_status is `quarantined` (rule_code, column_name
    and raw_value are of the first broken rule, broken_rules lists all), `excluded` (on purpose, broken_rules says why; also what
    an excluded customer has) or `deduplicated`, an exact copy of a conformed row. -#}
{% macro judged_rows(entity_name) -%}
    {%- set entity = entities()[entity_name] -%}
    {%- set columns = entity['columns'] -%}
    {%- set is_child = entity_name != 'customers' -%}
    {%- set needed = entity['key'] + entity['required'] -%}
    {%- set key = entity['key'] | join(', ') -%}
    {#- condition, rule, column, value, in the order in which they count -#}
    {%- set rules = [] -%}
    {%- for column in needed -%}
        {%- do rules.append((
            column ~ ' is null', 'missing_key' if column in entity['key'] else 'missing_value', column, "''"
        )) -%}
    {%- endfor -%}
    {%- for column, kind in columns.items() if kind in ('integer', 'number', 'money') -%}
        {%- do rules.append((
            '(' ~ column ~ ' < ' ~ column ~ '_lower or ' ~ column ~ ' >= ' ~ column ~ '_upper)', 'out_of_range', column, column
        )) -%}
    {%- endfor -%}
    {%- for column, kind in columns.items() if kind in ('date', 'timestamp') -%}
        {%- do rules.append((
            '(' ~ column ~ ' < ' ~ dates_list_var('date_range')[0] ~ ' or ' ~ column ~ ' >= ' ~ dates_list_var('date_range')[1]
            ~ (' or ' ~ is_placeholder(column) if column in needed else '') ~ ')', 'out_of_range', column, column
        )) -%}
    {%- endfor -%}
    {%- for earlier, later in entity.get('ordered_dates', []) -%}
        {%- do rules.append((later ~ ' < ' ~ earlier, 'inconsistent_dates', later, later)) -%}
    {%- endfor -%}
    {%- for column, scope in entity.get('alike_within', {}).items() -%}
        {%- set window = ') over (partition by ' ~ scope | join(', ') ~ ')' -%}
        {%- do rules.append((
            'min(' ~ column ~ window ~ ' <> max(' ~ column ~ window, 'conflicting_values', column, column
        )) -%}
    {%- endfor -%}
    {%- set has_exclusions = is_child and declared_input('customers').get('where') -%}
    {%- if has_exclusions -%}
        {%- do rules.append((
            'known_customer_id is null and excluded_customer_id is not null', 'excluded_customer', 'customer_id', 'customer_id'
        )) -%}
    {%- endif -%}
    {%- if is_child -%}
        {%- do rules.append((
            'known_customer_id is null and quarantined_customer_id is not null', 'quarantined_customer', 'customer_id',
            'customer_id'
        )) -%}
        {%- do rules.append((
            'known_customer_id is null and quarantined_customer_id is null and customer_id is not null'
            ~ (' and excluded_customer_id is null' if has_exclusions else ''),
            'unknown_customer', 'customer_id', 'customer_id'
        )) -%}
    {%- endif -%}
    with {% if is_child -%}
    known_customers as (
        select customers.customer_id as known_customer_id
        from {{ staged('customers') }} as customers
        left join {{ ref('int_customers_judged') }} as customers_judged
            on customers.line_number = customers_judged.line_number
        where customers_judged.line_number is null
    ),

    quarantined_customers as (
        select distinct customer_id as quarantined_customer_id from {{ ref('int_customers_judged') }}
        where row_status = 'quarantined' and customer_id is not null
    ),

    {% endif -%}
    {% if has_exclusions -%}
    excluded_customers as (
        select distinct customer_id as excluded_customer_id from {{ ref('int_customers_judged') }}
        where row_status = 'excluded' and customer_id is not null
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
            *,
            case
                when fault is not null then fault
                {%- for condition, rule_code, column, value in rules %}
                when {{ condition }} then {{ fault_text("'" ~ rule_code ~ "'", "'" ~ column ~ "'", "''", value) }}
                {%- endfor %}
            end as first_fault
        from {{ staged(entity_name) }} as staged_rows
        cross join ranges
        {%- if is_child %}
        left join known_customers on staged_rows.customer_id = known_customers.known_customer_id
        left join quarantined_customers on staged_rows.customer_id = quarantined_customers.quarantined_customer_id
        {%- endif %}
        {%- if has_exclusions %}
        left join excluded_customers on staged_rows.customer_id = excluded_customers.excluded_customer_id
        {%- endif %}
    ),

    broken_rows as (
        select
            line_number,
            customer_id,
            {{ rule_of('first_fault') }} as rule_code,
            {{ column_of('first_fault') }} as column_name,
            {{ value_of('first_fault') }} as raw_value,
            -- of a row that cannot be split nothing else is known
            case
                when fault is not null and {{ column_of('fault') }} is null then {{ rules_of('fault') }}
                else {% set listed = [rules_of('fault')] -%}
                {%- for condition, rule_code, column, value in rules -%}
                    {#- a value that cannot be read is missing only as such -#}
                    {%- do listed.append(
                        'case when ' ~ condition
                        ~ (' and coalesce(' ~ rules_of('fault') ~ ", '') not like '% in " ~ column ~ "%'" if rule_code.startswith('missing') else '')
                        ~ " then '" ~ rule_code ~ ' in ' ~ column ~ "' end"
                    ) -%}
                {%- endfor -%}
                {{ concat_present(listed, '; ') }}
            end as broken_rules
        from rows_ruled
        where first_fault is not null
    ),

    -- keys are grouped by a short hash, a fraction of the memory that their texts take; only what that repeats is compared
    -- in full
    repeated_hashes as (
        select {{ short_hash(key) }} as key_hash
        from {{ staged(entity_name) }} as staged_rows
        where line_number not in (select broken_rows.line_number from broken_rows)
        group by {{ short_hash(key) }}
        having count(*) > 1
    ),

    hashed_rows as (
        select
            line_number,
            {%- for column in (entity['key'] + ['customer_id']) | unique %}
            {{ column }},
            {%- endfor %}
            {{ content_hash(columns) }} as row_hash
        from {{ staged(entity_name) }} as staged_rows
        where
            {{ short_hash(key) }} in (select repeated_hashes.key_hash from repeated_hashes)
            and line_number not in (select broken_rows.line_number from broken_rows)
    ),

    compared as (
        select
            *,
            -- which of the rows is right is not known, and which is the first depends on its place in the file
            min(row_hash) over (partition by {{ key }}) <> max(row_hash) over (partition by {{ key }})
                as is_conflicting,
            row_number() over (partition by {{ key }} order by line_number) > 1 as is_copy
        from hashed_rows
    )

    select
        line_number,
        customer_id,
        {{ status_of('rule_code') }} as row_status,
        rule_code,
        column_name,
        broken_rules,
        raw_value
    from broken_rows
    union all
    select
        line_number,
        customer_id,
        'quarantined' as row_status,
        'duplicate_key' as rule_code,
        '{{ key }}' as column_name,
        'duplicate_key in {{ key }}' as broken_rules,
        {% for column in entity['key'] -%}
        cast({{ column }} as {{ kind_type('text') }}){{ " || ', ' || " if not loop.last }}
        {%- endfor %} as raw_value
    from compared
    where is_conflicting
    union all
    select
        line_number,
        customer_id,
        'deduplicated' as row_status,
        cast(null as {{ kind_type('text') }}) as rule_code,
        cast(null as {{ kind_type('text') }}) as column_name,
        cast(null as {{ kind_type('text') }}) as broken_rules,
        cast(null as {{ kind_type('text') }}) as raw_value
    from compared
    where is_copy and not is_conflicting
{%- endmacro %}


{#- A row that is left out on purpose is no fault. -#}
{% macro status_of(rule_code) -%}
    case when {{ rule_code }} in ('excluded', 'excluded_customer') then 'excluded' else 'quarantined' end
{%- endmacro %}


{#- The conformed rows of an entity, canonical columns only; spellings of one city or product are one value. -#}
{% macro conformed_rows(entity_name) -%}
    {%- set unified = unified_columns().get(entity_name) -%}
    select
        {%- for column in entities()[entity_name]['columns'] %}
        {%- if column == unified %}
        coalesce(spellings.unified, staged_rows.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- else %}
        staged_rows.{{ column }}{{ ',' if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from {{ staged(entity_name) }} as staged_rows
    left join {{ ref('int_' ~ entity_name ~ '_judged') }} as judged on staged_rows.line_number = judged.line_number
    {%- if unified %}
    left join {{ spellings_of(unified) }} as spellings
        on spellings.entity_name = '{{ entity_name }}' and staged_rows.{{ unified }} = spellings.spelling
    {%- endif %}
    where judged.line_number is null
{%- endmacro %}


{#- What two spellings of one key have in common, which programs change: zeros before a number, and case. -#}
{% macro similar_key(key) -%}
    regexp_replace(lower({{ key }}), '^0+', '')
{%- endmacro %}


{#- A fault of a row as one text, `rule:column:list:value`: the first rule that it breaks, the column at fault, all rules that
    it breaks, and the raw value, which may hold colons. The arguments are expressions. A column for each would be null on
    nearly every row, and still take a tenth of the time of reading. -#}
{% macro fault_text(rule_code, column_name, rules, raw_value) -%}
    concat(
        {{ rule_code }}, ':', coalesce({{ column_name }}, ''), ':', coalesce({{ rules }}, ''), ':',
        coalesce(cast({{ raw_value }} as {{ kind_type('text') }}), '')
    )
{%- endmacro %}

{#- Its parts, null where they are empty. -#}
{% macro rule_of(fault) -%}
    split_part({{ fault }}, ':', 1)
{%- endmacro %}

{% macro column_of(fault) -%}
    nullif(split_part({{ fault }}, ':', 2), '')
{%- endmacro %}

{% macro rules_of(fault) -%}
    nullif(split_part({{ fault }}, ':', 3), '')
{%- endmacro %}

{% macro value_of(fault) -%}
    nullif(
        substr(
            {{ fault }},
            length(split_part({{ fault }}, ':', 1)) + length(split_part({{ fault }}, ':', 2))
            + length(split_part({{ fault }}, ':', 3)) + 4
        ), ''
    )
{%- endmacro %}
