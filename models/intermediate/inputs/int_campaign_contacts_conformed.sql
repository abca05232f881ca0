{{ config(materialized='view') }}

{{ conformed_rows('campaign_contacts') }}
