{{ config(materialized='view') }}

{{ conformed_rows('customer_snapshots') }}
