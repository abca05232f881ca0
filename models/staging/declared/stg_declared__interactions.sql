{% set raw = declared_raw('interactions') %}
{{ config(meta={'raw': raw}, enabled='interactions' in declared_layout()) }}

{{ stage(raw) }}
