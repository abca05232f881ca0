{% set raw = declared_raw('transactions') %}
{{ config(meta={'raw': raw}, enabled='transactions' in declared_layout()) }}

{{ stage(raw) }}
