{{ config(materialized='view') }}

{{ check_entity('policies') }}
