{{ config(materialized='view') }}

{{ conformed_rows('policies') }}
