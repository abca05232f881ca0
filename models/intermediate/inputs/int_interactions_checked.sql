{{ config(materialized='view') }}

{{ checked_rows('interactions') }}
