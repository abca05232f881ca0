{% set raw = {'entity': 'customers', 'file': 'customers', 'optional_columns': ['closed_reason']} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
