{% set raw = {'entity': 'policies', 'file': 'policies'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
