{{ config(materialized='view') }}

{{ checked_rows('campaign_contacts') }}
