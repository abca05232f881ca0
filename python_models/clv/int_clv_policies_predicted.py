"""Values of policyholders: features in, one row per customer, shuffle, model and kind of prediction out."""


def model(dbt, session):
    from json import loads

    from customer_science.batches import apply_in_batches
    from customer_science.policy_values import (
        PREDICTION_TYPES,
        PolicySettings,
        learn_policies,
        value_policies,
    )
    from customer_science.settings import read_settings

    settings = read_settings(PolicySettings, dbt.config.meta_get("settings"))
    filters = loads(dbt.config.meta_get("filters"))
    profiled = dbt.ref("int_clv_policies_profiled")
    known = profiled.filter("is_sampled and observed_clv is not null").df()
    features = dbt.ref("int_clv_features_listed").order("feature_name").df()
    learned = learn_policies(known, features, filters, settings)
    return apply_in_batches(
        session,
        profiled.filter("monthly_premium is not null"),
        lambda rows: value_policies(rows, *learned),
        PREDICTION_TYPES,
    )
