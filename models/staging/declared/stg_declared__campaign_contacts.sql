{% set raw = declared_raw('campaign_contacts') %}
{{ config(meta={'raw': raw}, enabled='campaign_contacts' in declared_layout()) }}

{{ stage(raw) }}
