{#- What each policy says of its customer. -#}
{% set raw = auto_insurance_clv_file() %}
{{ config(meta={'raw': dict(raw, entity='customers')}, enabled=var('source_system') == 'auto_insurance_clv') }}
{%- set known = {
    'customer_id': 'policy_id', 'gender': 'gender', 'estimated_salary': 'income', 'education': 'education',
    'marital_status': 'marital_status',
} %}

with raw_policies as (
    {{ stage(raw) }}
)

select {{ canonical_columns('customers', known, has_others=false) }}
from raw_policies
