{% set raw = {'entity': 'customer_snapshots', 'file': 'customer_snapshots', 'is_optional': true, 'has_optional_columns': true} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
