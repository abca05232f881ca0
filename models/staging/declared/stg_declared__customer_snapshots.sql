{% set raw = declared_raw('customer_snapshots') %}
{{ config(meta={'raw': raw}, enabled='customer_snapshots' in declared_layout()) }}

{{ stage(raw) }}
