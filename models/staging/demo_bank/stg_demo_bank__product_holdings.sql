{% set raw = {'entity': 'product_holdings', 'file': 'product_holdings'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
