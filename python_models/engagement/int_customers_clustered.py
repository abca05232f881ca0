"""Candidate clusterings: a sample of customers in, one row per candidate, cluster, pattern and feature out."""


def model(dbt, session):
    from customer_science.clusters import ClusterSettings, find_clusters
    from customer_science.processes import in_own_process
    from customer_science.settings import read_settings

    settings = dbt.config.meta_get("settings")
    return in_own_process(
        find_clusters,
        dbt.ref("int_cluster_customers_sampled").df(),
        read_settings(ClusterSettings, settings),
    )
