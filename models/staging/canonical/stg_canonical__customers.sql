{% set raw = {'entity': 'customers', 'file': 'customers', 'is_optional': true} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'canonical') }}

{{ stage(raw) }}
