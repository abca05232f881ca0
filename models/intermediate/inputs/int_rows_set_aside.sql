-- Rows in quarantine by rule and column, beside the values that the column has: closing dates that nobody can read are
-- few among all rows, and may still be all closing dates that there are. value_shape is the most frequent masked value;
-- similar_count are the unknown customers that are known under a key with other leading zeros, or in other case.
{%- set value_is_lost = "rule_code in ('unparseable_value', 'formula_like_text')" %}

with broken_rows as (
    {%- for entity_name, entity in entities().items() %}
    select
        '{{ entity_name }}' as entity_name,
        {{ rule_of('broken_rule') }} as rule_code,
        {{ column_of('broken_rule') }} as column_name,
        {{ masked_value(value_of('broken_rule')) }} as value_shape
    from {{ ref('int_' ~ entity_name ~ '_read') }}
    where broken_rule is not null
    union all
    select
        '{{ entity_name }}' as entity_name,
        'duplicate_key' as rule_code,
        '{{ entity['key'] | join(', ') }}' as column_name,
        cast(null as {{ kind_type('text') }}) as value_shape
    from {{ ref('int_' ~ entity_name ~ '_repeated') }}
    where is_conflicting
    union all
    {%- endfor %}
    select
        entity_name,
        rule_code,
        column_name,
        {{ masked_value('raw_value') }} as value_shape
    from {{ ref('int_own_inputs_checked') }}
    where row_status = 'quarantined'
),

shapes as (
    select
        entity_name,
        rule_code,
        column_name,
        value_shape,
        count(*) as shape_count
    from broken_rows
    group by entity_name, rule_code, column_name, value_shape
),

shapes_ranked as (
    select
        *,
        sum(shape_count) over (partition by entity_name, rule_code, column_name) as quarantined_count,
        row_number() over (
            partition by entity_name, rule_code, column_name order by shape_count desc, value_shape asc
        ) as shape_number
    from shapes
),

-- one row per entity, so that each file is passed over once
{%- for entity_name, entity in entities().items() %}
{{ entity_name }}_counted as (
    select
        count(*) as row_count
        {%- for column in entity['columns'] %},
        count({{ column }}) as {{ column }}_count
        {%- endfor %}
    from {{ ref('int_' ~ entity_name ~ '_read') }}
),
{% endfor %}
own_inputs_counted as (
    select
        entity_name,
        count(*) as row_count
    from {{ ref('int_own_inputs_checked') }}
    group by entity_name
),

similar_keys as (
    select {{ similar_key('customer_id') }} as similar_key from {{ ref('int_customers_conformed') }}
),

unknown_customers as (
    {%- for entity_name in entities() if entity_name != 'customers' %}
    select
        '{{ entity_name }}' as entity_name,
        {{ similar_key(value_of('broken_rule')) }} as similar_key
    from {{ ref('int_' ~ entity_name ~ '_read') }}
    where broken_rule like 'unknown_customer:%'
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

similar_customers as (
    select
        entity_name,
        'unknown_customer' as rule_code,
        count(*) as similar_count
    from unknown_customers
    where similar_key in (select similar_keys.similar_key from similar_keys)
    group by entity_name
),

values_counted as (
    {%- for entity_name, entity in entities().items() %}
    select
        shapes_ranked.*,
        counted.row_count,
        -- a rule that asks for a value, or looks at the whole row, is a matter of all rows
        case
            when rule_code in ('missing_key', 'missing_value', 'duplicate_key') then counted.row_count
            {%- for column in entity['columns'] %}
            when column_name = '{{ column }}'
                then counted.{{ column }}_count + case when {{ value_is_lost }} then quarantined_count else 0 end
            {%- endfor %}
            else counted.row_count
        end as value_count
    from shapes_ranked
    cross join {{ entity_name }}_counted as counted
    where shapes_ranked.entity_name = '{{ entity_name }}'
    union all
    {%- endfor %}
    select
        shapes_ranked.*,
        counted.row_count,
        counted.row_count as value_count
    from shapes_ranked
    inner join own_inputs_counted as counted on shapes_ranked.entity_name = counted.entity_name
),

described as (
    select
        values_counted.entity_name,
        values_counted.rule_code,
        values_counted.column_name,
        values_counted.value_shape,
        cast(values_counted.quarantined_count as bigint) as quarantined_count,
        cast(coalesce(similar_customers.similar_count, 0) as bigint) as similar_count,
        cast(values_counted.value_count as bigint) as value_count,
        cast(values_counted.row_count as bigint) as row_count
    from values_counted
    left join similar_customers
        on
            values_counted.entity_name = similar_customers.entity_name
            and values_counted.rule_code = similar_customers.rule_code
    where values_counted.shape_number = 1
)

select * from described
