{{ config(materialized='view') }}

{{ check_entity('interactions') }}
