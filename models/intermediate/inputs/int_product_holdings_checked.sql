{{ config(materialized='view') }}

{{ check_entity('product_holdings') }}
