"""Economics of strategies: what is at stake in a segment in, net amounts and a decision for each out."""


def model(dbt, session):
    from customer_science.comparisons import Settings
    from customer_science.economics import estimate_economics
    from customer_science.settings import read_settings

    settings = read_settings(Settings, dbt.config.meta_get("settings"))
    return estimate_economics(dbt.ref("int_strategy_economics_summed").df(), settings)
