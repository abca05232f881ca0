{{ config(materialized='view') }}

{{ conformed_rows('customers') }}
