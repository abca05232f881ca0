"""Values of policyholders: features in, one row per customer, shuffle, model and kind of prediction out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from json import loads

    from customer_science.policy_values import PolicySettings, predict_policies
    from customer_science.settings import read_settings

    settings = dbt.config.meta_get("settings")
    filters = dbt.config.meta_get("filters")
    return predict_policies(
        dbt.ref("int_clv_policies_profiled").df(),
        dbt.ref("int_clv_features_listed").order("feature_name").df(),
        loads(filters),
        read_settings(PolicySettings, settings),
    )
