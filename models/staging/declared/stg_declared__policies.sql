{% set raw = declared_raw('policies') %}
{{ config(meta={'raw': raw}, enabled='policies' in declared_layout()) }}

{{ stage(raw) }}
