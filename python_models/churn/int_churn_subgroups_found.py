"""Subgroups with raised churn in the discovery half: one row per customer in, one row per candidate and sign out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.settings import read_settings
    from customer_science.subgroups import SubgroupSettings, find_subgroups

    settings = dbt.config.meta_get("settings")
    return find_subgroups(
        dbt.ref("int_churn_discovery_sampled").df(),
        dbt.ref("int_churn_intervals_counted").filter("is_tested and not is_suspected_leak").df(),
        read_settings(SubgroupSettings, settings),
    )
