{% set raw = {'entity': 'customers', 'file': 'customers', 'has_optional_columns': true} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'canonical') }}

{{ stage(raw) }}
