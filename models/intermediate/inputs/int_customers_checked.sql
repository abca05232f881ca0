{{ config(materialized='view') }}

{{ checked_rows('customers') }}
