"""Sizes of campaigns: how many are addressed in, what their test can find out."""


def model(dbt, session):
    from customer_science.campaigns import size_campaigns
    from customer_science.comparisons import Settings
    from customer_science.settings import read_settings

    settings = read_settings(Settings, dbt.config.meta_get("settings"))
    return size_campaigns(dbt.ref("int_campaign_audiences_counted").df(), settings)
