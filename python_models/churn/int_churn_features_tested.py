"""Whether churn differs along each feature: customers of both halves in, one row per feature out."""


def model(dbt, session):
    from customer_science.intervals import compare_features

    customers = dbt.ref("int_churn_customers_sampled").df()
    features = dbt.ref("int_churn_features_listed").filter("is_tested").df()
    return compare_features(customers, features)
