{#- Each purchase names its customer; the further rows of a customer are counted as copies. -#}
{% set raw = cdnow_file() %}
{{ config(meta={'raw': dict(raw, entity='customers')}, enabled=var('source_system') == 'cdnow') }}

with raw_transactions as (
    {{ stage(raw) }}
)

select {{ canonical_columns('customers', {'customer_id': 'customer_id'}, has_others=false) }}
from raw_transactions
