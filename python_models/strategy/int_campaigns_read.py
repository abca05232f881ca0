"""Readouts of campaigns: the counts of both arms in, effects and what stands in their way out."""


def model(dbt, session):
    from customer_science.campaigns import read_campaigns
    from customer_science.comparisons import Settings
    from customer_science.settings import read_settings

    settings = read_settings(Settings, dbt.config.meta_get("settings"))
    return read_campaigns(dbt.ref("int_campaign_arms_counted").df(), settings)
