{% set raw = {'entity': 'transactions', 'file': 'transactions'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
