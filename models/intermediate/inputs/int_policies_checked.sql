{{ config(materialized='view') }}

{{ checked_rows('policies') }}
