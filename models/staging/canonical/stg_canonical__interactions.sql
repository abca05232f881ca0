{% set raw = {'entity': 'interactions', 'file': 'interactions', 'is_optional': true, 'has_optional_columns': true} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'canonical') }}

{{ stage(raw) }}
