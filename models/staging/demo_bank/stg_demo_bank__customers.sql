{% set raw = {'entity': 'customers', 'file': 'customers', 'optional_columns': ['closed_reason', 'tenure_months']} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
