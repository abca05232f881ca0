{% set raw = auto_insurance_clv_file() %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'auto_insurance_clv') }}

with raw_policies as (
    {{ stage(raw) }}
)

-- one row per customer: the customer is known by the policy
select {{ canonical_columns('policies', {'customer_id': 'policy_id'}) }}
from raw_policies
