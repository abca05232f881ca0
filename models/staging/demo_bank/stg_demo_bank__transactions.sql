{% set raw = {'entity': 'transactions', 'file': 'transactions', 'optional_columns': ['order_id']} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
