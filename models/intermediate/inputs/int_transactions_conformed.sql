{{ config(materialized='view') }}

{{ conformed_rows('transactions') }}
