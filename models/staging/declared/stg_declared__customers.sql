{% set raw = declared_raw('customers') %}
{{ config(meta={'raw': raw}, enabled='customers' in declared_layout()) }}

{{ stage(raw) }}
