-- Rows in quarantine by rule and column, with the number of values of the column: closing dates that cannot be read are
-- few among all rows, and may still be all closing dates that there are. value_shape is the most frequent masked value;
-- similar_count are the unknown customers that are known under a key with other leading zeros, or in other case.
{%- set value_is_lost = "rule_code in ('unparseable_value', 'formula_like_text')" %}

with broken_rows as (
    select
        entity_name,
        customer_id,
        rule_code,
        column_name,
        {{ masked_value('raw_value') }} as value_shape
    from {{ ref('int_rows_judged') }}
    where row_status = 'quarantined'
),

shapes as (
    select
        entity_name,
        rule_code,
        column_name,
        -- a repeated key is no spelling
        case when rule_code <> 'duplicate_key' then value_shape end as value_shape,
        count(*) as shape_count
    from broken_rows
    group by all
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

-- one row per entity, so that each is passed over once
{%- for entity_name in entities().keys() | list + own_inputs() %}
{{ entity_name }}_counted as (
    select
        count(*) as row_count
        {%- for column in entities().get(entity_name, {'columns': {}})['columns'] %},
        count({{ column }}) as {{ column }}_count
        {%- endfor %}
    from {{ staged(entity_name) }} as staged_rows
),
{% endfor %}
similar_keys as (
    select {{ similar_key('customer_id') }} as similar_key from {{ ref('int_customers_conformed') }}
),

similar_customers as (
    select
        entity_name,
        rule_code,
        count(*) as similar_count
    from broken_rows
    where
        rule_code = 'unknown_customer'
        and {{ similar_key('customer_id') }} in (select similar_keys.similar_key from similar_keys)
    group by entity_name, rule_code
),

values_counted as (
    {%- for entity_name in entities().keys() | list + own_inputs() %}
    select
        shapes_ranked.*,
        counted.row_count,
        -- a rule that asks for a value, or looks at the whole row, is a matter of all rows
        case
            when rule_code in ('missing_key', 'missing_value', 'duplicate_key') then counted.row_count
            {%- for column in entities().get(entity_name, {'columns': {}})['columns'] %}
            when column_name = '{{ column }}'
                then counted.{{ column }}_count + case when {{ value_is_lost }} then quarantined_count else 0 end
            {%- endfor %}
            else counted.row_count
        end as value_count
    from shapes_ranked
    cross join {{ entity_name }}_counted as counted
    where shapes_ranked.entity_name = {{ sql_literal(entity_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
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
