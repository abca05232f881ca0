"""What sets each portrait apart, on the confirmation half: customers in, a row per portrait, feature and level out."""


def model(dbt, session):
    from customer_science.comparisons import Settings
    from customer_science.portraits import compare_portraits
    from customer_science.settings import read_settings

    settings = dbt.config.meta_get("settings")
    return compare_portraits(
        dbt.ref("int_churn_customers_sampled").filter("not is_discovery and is_rated").df(),
        dbt.ref("int_churn_portraits_listed").filter("is_sampled").df(),
        dbt.ref("int_churn_features_listed").filter("is_tested").df(),
        read_settings(Settings, settings),
        dbt.ref("int_churn_candidate_rules_listed")
        .project("segment_code as portrait_code, column_name as feature_name")
        .df(),
    )
