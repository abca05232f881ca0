{{ check_entity('campaign_contacts') }}
