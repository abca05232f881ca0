{{ config(materialized='view') }}

{{ conformed_rows('product_holdings') }}
