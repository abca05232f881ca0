{{ judged_rows('campaign_contacts') }}
