"""The published clusters of customer groups, made again: scored groups in, cluster and metrics of each group out."""


def model(dbt, session):
    from customer_science.clusters import ClusterSettings
    from customer_science.published_clusters import cluster_groups
    from customer_science.settings import read_settings

    settings = dbt.config.meta_get("settings")
    return cluster_groups(
        dbt.ref("int_bank_marketing_groups_scored").df(), read_settings(ClusterSettings, settings)
    )
