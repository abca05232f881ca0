{{ config(materialized='view') }}

{{ check_entity('customers') }}
