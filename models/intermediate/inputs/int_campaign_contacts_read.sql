{{ read_entity('campaign_contacts') }}
