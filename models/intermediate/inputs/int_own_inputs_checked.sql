-- Rows of the inputs that only the active layout has: without a canonical entity's rules, a row that can be read conforms.
{%- for input_name in own_inputs() %}
select
    {{ sql_literal(input_name) }} as entity_name,
    line_number,
    case when fault_rule_code is null then 'conformed' else 'quarantined' end as row_status,
    fault_rule_code as rule_code,
    fault_column_name as column_name,
    fault_rules as broken_rules,
    fault_raw_value as raw_value,
    {{ reconciled_amount(input_name) }} as amount
from {{ staged(input_name) }}
union all
{%- endfor %}
select
    cast(null as {{ kind_type('text') }}) as entity_name,
    cast(null as bigint) as line_number,
    cast(null as {{ kind_type('text') }}) as row_status,
    cast(null as {{ kind_type('text') }}) as rule_code,
    cast(null as {{ kind_type('text') }}) as column_name,
    cast(null as {{ kind_type('text') }}) as broken_rules,
    cast(null as {{ kind_type('text') }}) as raw_value,
    cast(null as {{ kind_type('money') }}) as amount
where 1 = 0
