"""Intervals of every feature in the discovery half: one row per customer in, one row per feature and interval out."""


def model(dbt, session):
    from customer_science.intervals import find_intervals

    return find_intervals(
        dbt.ref("int_churn_customers_sampled").filter("is_discovery").df(),
        dbt.ref("int_churn_features_listed").filter("is_studied").df(),
    )
