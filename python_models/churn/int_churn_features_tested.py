"""Whether churn differs along each feature: customers of both halves in, one row per feature out."""


def model(dbt, session):
    dbt.config(materialized="table")
    import pandas as pd
    from customer_science.intervals import compare_features

    first = dbt.ref("int_churn_discovery_sampled").df()
    second = dbt.ref("int_churn_confirmation_sampled").df()
    features = dbt.ref("int_churn_features_listed").filter("is_tested").df()
    return compare_features(pd.concat([first, second], ignore_index=True), features)
