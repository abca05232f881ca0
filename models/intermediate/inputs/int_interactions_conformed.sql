{{ config(materialized='view') }}

{{ conformed_rows('interactions') }}
