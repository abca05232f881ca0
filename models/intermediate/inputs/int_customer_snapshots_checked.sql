{{ config(materialized='view') }}

{{ check_entity('customer_snapshots') }}
