{{ config(materialized='view') }}

{{ check_entity('transactions') }}
