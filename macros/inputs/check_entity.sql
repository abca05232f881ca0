{#- Every staged row of an entity, read once, with the rules that it breaks by itself (see broken_rule). -#}
{% macro read_entity(entity_name) -%}
    {%- set entity = entities()[entity_name] -%}
    {%- set columns = entity['columns'] -%}
    {%- set is_child = entity_name != 'customers' -%}
    {%- set needed = entity['key'] + entity['required'] -%}
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
            '(' ~ column ~ ' < ' ~ date_var('earliest_date') ~ ' or ' ~ column ~ ' >= ' ~ date_var('latest_date')
            ~ (' or ' ~ is_placeholder(column) if column in needed else '') ~ ')', 'out_of_range', column, column
        )) -%}
    {%- endfor -%}
    {%- for earlier, later in entity.get('ordered_dates', []) -%}
        {%- do rules.append((later ~ ' < ' ~ earlier, 'inconsistent_dates', later, later)) -%}
    {%- endfor -%}
    {%- if is_child -%}
        {%- do rules.append((
            'known_customer_id is null and quarantined_customer_id is not null', 'quarantined_customer', 'customer_id',
            'customer_id'
        )) -%}
        {%- do rules.append((
            'known_customer_id is null and quarantined_customer_id is null and customer_id is not null',
            'unknown_customer', 'customer_id', 'customer_id'
        )) -%}
    {%- endif -%}
    with staged as (
        select
            line_number,
            {%- for column, kind in columns.items() %}
            {% if kind in ('date', 'timestamp') and column not in needed %}{{ without_placeholder(column) }} as {% endif %}{{ column }},
            {%- endfor %}
            fault_rule_code,
            fault_column_name,
            fault_raw_value,
            fault_rules
        from {{ staged(entity_name) }} as staged_rows
    ),

    {% if is_child -%}
    known_customers as (
        select customer_id as known_customer_id from {{ ref('int_customers_conformed') }}
    ),

    quarantined_customers as (
        select customer_id as quarantined_customer_id from {{ ref('int_customers_read') }}
        where broken_rule is not null and customer_id is not null
        union
        select customer_id as quarantined_customer_id from {{ ref('int_customers_repeated') }}
        where is_conflicting
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
                when fault_rule_code is not null
                    then {{ broken_rule("fault_rule_code", "fault_column_name", "fault_raw_value") }}
                {%- for condition, rule_code, column, value in rules %}
                when {{ condition }} then {{ broken_rule("'" ~ rule_code ~ "'", "'" ~ column ~ "'", value) }}
                {%- endfor %}
            end as first_rule
        from staged
        cross join ranges
        {%- if is_child %}
        left join known_customers on staged.customer_id = known_customers.known_customer_id
        left join quarantined_customers on staged.customer_id = quarantined_customers.quarantined_customer_id
        {%- endif %}
    )

    select
        line_number,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        -- the list is made of the few rows that have one
        case
            when first_rule is null then null
            -- of a row that cannot be split nothing else is known
            when fault_rule_code is not null and fault_column_name is null then {{ with_rules('first_rule', 'fault_rules') }}
            else {% set listed = ['fault_rules'] -%}
            {%- for condition, rule_code, column, value in rules -%}
                {#- a value that cannot be read is missing only as such -#}
                {%- do listed.append(
                    'case when ' ~ condition
                    ~ (" and coalesce(fault_rules, '') not like '% in " ~ column ~ "%'" if rule_code.startswith('missing') else '')
                    ~ " then '" ~ rule_code ~ ' in ' ~ column ~ "' end"
                ) -%}
            {%- endfor -%}
            {{ with_rules('first_rule', concat_present(listed, '; ')) }}
        end as broken_rule
    from rows_ruled
{%- endmacro %}


{#- Whether a date stands for none (var placeholder_dates). -#}
{% macro is_placeholder(column) -%}
    {%- set dates = dates_list_var('placeholder_dates') -%}
    {{ 'cast(' ~ column ~ ' as date) in (' ~ dates | join(', ') ~ ')' if dates else 'false' }}
{%- endmacro %}


{#- What two spellings of one key have in common, which programs change: zeros before a number, and case. -#}
{% macro similar_key(key) -%}
    regexp_replace(lower({{ key }}), '^0+', '')
{%- endmacro %}


{#- A date, null where it is a placeholder; an end that lies beyond all dates is one, too: nothing has ended. -#}
{% macro without_placeholder(column) -%}
    case
        when not (
            {{- is_placeholder('staged_rows.' ~ column) }}
            {%- if column in ('closed_on', 'ends_on') %} or staged_rows.{{ column }} >= {{ date_var('latest_date') }}{% endif -%}
        ) then staged_rows.{{ column }}
    end
{%- endmacro %}


{#- A rule that a row breaks, the column at fault and its raw value as one text, `rule:column:value`. The arguments are
    expressions. A column for each would be null on nearly every row, and still take a tenth of the time of reading. -#}
{% macro broken_rule(rule_code, column_name, raw_value="''") -%}
    concat(
        {{ rule_code }}, ':', coalesce({{ column_name }}, ''), ':',
        coalesce(cast({{ raw_value }} as {{ kind_type('text') }}), '')
    )
{%- endmacro %}

{#- The same text with the list of all rules that the row breaks: `rule:column:list:value`. -#}
{% macro with_rules(broken_rule, rules) -%}
    concat(
        split_part({{ broken_rule }}, ':', 1), ':', split_part({{ broken_rule }}, ':', 2), ':', {{ rules }}, ':',
        substr({{ broken_rule }}, length(split_part({{ broken_rule }}, ':', 1)) + length(split_part({{ broken_rule }}, ':', 2)) + 3)
    )
{%- endmacro %}

{#- The parts of that text, null where they are empty; the value, which comes last, may hold colons. -#}
{% macro rule_of(broken_rule) -%}
    split_part({{ broken_rule }}, ':', 1)
{%- endmacro %}

{% macro column_of(broken_rule) -%}
    nullif(split_part({{ broken_rule }}, ':', 2), '')
{%- endmacro %}

{% macro rules_of(broken_rule) -%}
    split_part({{ broken_rule }}, ':', 3)
{%- endmacro %}

{% macro value_of(broken_rule) -%}
    nullif(
        substr(
            {{ broken_rule }},
            length(split_part({{ broken_rule }}, ':', 1)) + length(split_part({{ broken_rule }}, ':', 2))
            + length(split_part({{ broken_rule }}, ':', 3)) + 4
        ), ''
    )
{%- endmacro %}


{#- The rows, good by themselves, whose key occurs more than once, few if any: is_conflicting where the key stands for
    different contents, else is_copy for all but the first. Keys are grouped by a short hash, a fraction of the memory
    that their texts take, and only what that repeats is compared in full. -#}
{% macro repeated_rows(entity_name) -%}
    {%- set entity = entities()[entity_name] -%}
    {%- set key = entity['key'] | join(', ') -%}
    {#- named twice below and not imported as a CTE: an engine holds in memory what a CTE gives to two readers -#}
    {%- set rows = ref('int_' ~ entity_name ~ '_read') -%}
    with repeated_hashes as (
        select {{ short_hash(key) }} as key_hash
        from {{ rows }}
        where broken_rule is null
        group by {{ short_hash(key) }}
        having count(*) > 1
    ),

    hashed_rows as (
        select
            line_number,
            {%- for column in entity['key'] %}
            {{ column }},
            {%- endfor %}
            {{ content_hash(entity['columns']) }} as row_hash
        from {{ rows }}
        where
            broken_rule is null
            and {{ short_hash(key) }} in (select repeated_hashes.key_hash from repeated_hashes)
    ),

    compared as (
        select
            *,
            count(*) over (partition by {{ key }}) as occurrence_count,
            -- none of the rows can be told to be the right one, and the first one only by its place in the file
            min(row_hash) over (partition by {{ key }}) <> max(row_hash) over (partition by {{ key }})
                as is_conflicting,
            row_number() over (partition by {{ key }} order by line_number) > 1 as is_copy
        from hashed_rows
    )

    select
        line_number,
        {%- for column in entity['key'] %}
        {{ column }},
        {%- endfor %}
        is_conflicting,
        is_copy
    from compared
    where occurrence_count > 1
{%- endmacro %}


{#- Every staged row of an entity with its verdict: row_status is `conformed`, `quarantined` (rule_code, column_name and
    raw_value are of the first broken rule, broken_rules lists all) or `deduplicated` (an exact copy of a conformed row). -#}
{% macro check_entity(entity_name) -%}
    {%- set entity = entities()[entity_name] -%}
    {%- set key_texts = [] -%}
    {%- for column in entity['key'] -%}
        {%- do key_texts.append('cast(read_rows.' ~ column ~ ' as ' ~ kind_type('text') ~ ')') -%}
    {%- endfor -%}
    select
        read_rows.line_number,
        {%- for column in entity['columns'] %}
        read_rows.{{ column }},
        {%- endfor %}
        case
            when read_rows.broken_rule is not null or repeated_rows.is_conflicting then 'quarantined'
            when repeated_rows.is_copy then 'deduplicated'
            else 'conformed'
        end as row_status,
        case when repeated_rows.is_conflicting then 'duplicate_key' else {{ rule_of('read_rows.broken_rule') }} end
            as rule_code,
        case
            when repeated_rows.is_conflicting then '{{ entity['key'] | join(', ') }}'
            else {{ column_of('read_rows.broken_rule') }}
        end as column_name,
        case
            when repeated_rows.is_conflicting then 'duplicate_key in {{ entity['key'] | join(', ') }}'
            else {{ rules_of('read_rows.broken_rule') }}
        end as broken_rules,
        case
            when repeated_rows.is_conflicting then {{ key_texts | join(" || ', ' || ") }}
            else {{ value_of('read_rows.broken_rule') }}
        end as raw_value
    from {{ ref('int_' ~ entity_name ~ '_read') }} as read_rows
    left join {{ ref('int_' ~ entity_name ~ '_repeated') }} as repeated_rows
        on read_rows.line_number = repeated_rows.line_number
{%- endmacro %}


{#- The conformed rows of an entity (see row_status above), canonical columns only; spellings of one city or product are
    one value. -#}
{% macro conformed_rows(entity_name) -%}
    {%- set unified = unified_columns().get(entity_name) -%}
    select
        {%- for column in entities()[entity_name]['columns'] %}
        {%- if column == unified %}
        coalesce(spellings.unified, read_rows.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- else %}
        read_rows.{{ column }}{{ ',' if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from {{ ref('int_' ~ entity_name ~ '_read') }} as read_rows
    left join {{ ref('int_' ~ entity_name ~ '_repeated') }} as repeated_rows
        on read_rows.line_number = repeated_rows.line_number
    {%- if unified %}
    left join {{ spellings_of(unified) }} as spellings
        on spellings.entity_name = '{{ entity_name }}' and read_rows.{{ unified }} = spellings.spelling
    {%- endif %}
    where
        read_rows.broken_rule is null
        and not coalesce(repeated_rows.is_conflicting, false)
        and not coalesce(repeated_rows.is_copy, false)
{%- endmacro %}
