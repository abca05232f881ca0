{% set raw = {'entity': 'customers', 'file': 'customers'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
