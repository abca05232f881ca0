{{ config(materialized='view') }}

{{ checked_rows('transactions') }}
