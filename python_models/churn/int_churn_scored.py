"""Churn scores: features in, out-of-fold probabilities of every model and what speaks in the score out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.churn_scores import score_customers

    small_cell_size = dbt.config.meta_get("small_cell_size")
    return score_customers(
        dbt.ref("int_churn_features_built").df(),
        dbt.ref("int_churn_features_listed").order("feature_name").df(),
        float(small_cell_size),
    )
