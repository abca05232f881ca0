{{ config(materialized='view') }}

{{ check_entity('campaign_contacts') }}
