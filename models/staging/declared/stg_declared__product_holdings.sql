{% set raw = declared_raw('product_holdings') %}
{{ config(meta={'raw': raw}, enabled='product_holdings' in declared_layout()) }}

{{ stage(raw) }}
