{% set raw = {'entity': 'interactions', 'file': 'interactions'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
