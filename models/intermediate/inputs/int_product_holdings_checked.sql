{{ config(materialized='view') }}

{{ checked_rows('product_holdings') }}
