{% set raw = {'entity': 'campaign_contacts', 'file': 'campaign_contacts'} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'demo_bank') }}

{{ stage(raw) }}
