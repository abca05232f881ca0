"""Segments with raised churn that each half proposes: customers in, one row per candidate and condition out."""


def model(dbt, session):
    from customer_science.processes import in_own_process
    from customer_science.settings import read_settings
    from customer_science.subgroups import SubgroupSettings, find_in_both_halves

    settings = dbt.config.meta_get("settings")
    intervals = dbt.ref("int_churn_intervals_counted")
    searched = intervals.filter("is_tested and not is_suspected_leak").df()["feature_name"]
    features = dbt.ref("int_churn_features_listed").df()
    return in_own_process(
        find_in_both_halves,
        dbt.ref("int_churn_customers_sampled").df(),
        features[features["feature_name"].isin(searched)],
        read_settings(SubgroupSettings, settings),
    )
