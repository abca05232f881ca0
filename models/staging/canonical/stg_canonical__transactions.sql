{% set raw = {'entity': 'transactions', 'file': 'transactions', 'is_optional': true, 'has_optional_columns': true} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'canonical') }}

{{ stage(raw) }}
