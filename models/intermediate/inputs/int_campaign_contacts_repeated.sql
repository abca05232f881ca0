{{ repeated_rows('campaign_contacts') }}
