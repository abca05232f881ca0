-- The judged rows of every entity, and those of the inputs that only the active layout has: without a canonical entity's
-- rules, a row of these that can be read conforms.
{{ config(materialized='view') }}

{%- for input_name in own_inputs() %}
select
    {{ sql_literal(input_name) }} as entity_name,
    line_number,
    cast(null as {{ kind_type('key') }}) as customer_id,
    {{ status_of(rule_of('fault')) }} as row_status,
    {{ rule_of('fault') }} as rule_code,
    {{ column_of('fault') }} as column_name,
    {{ rules_of('fault') }} as broken_rules,
    {{ value_of('fault') }} as raw_value
from {{ staged(input_name) }}
where fault is not null
union all
{%- endfor %}
{%- for entity_name in entities() %}
select
    '{{ entity_name }}' as entity_name,
    line_number,
    customer_id,
    row_status,
    rule_code,
    column_name,
    broken_rules,
    raw_value
from {{ ref('int_' ~ entity_name ~ '_judged') }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
