"""Churn scores: features in, probabilities and what speaks in them out; of the sample, by every model."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.batches import apply_in_batches
    from customer_science.churn_scores import SCORE_TYPES, learn_scores, score_customers

    small_cell_size = dbt.config.meta_get("small_cell_size")
    batch_size = dbt.config.meta_get("batch_size")
    features = dbt.ref("int_churn_features_built")
    learned = learn_scores(
        features.filter("is_sampled").df(),
        dbt.ref("int_churn_features_listed").order("feature_name").df(),
        float(small_cell_size),
    )
    return apply_in_batches(
        session,
        features,
        lambda rows: score_customers(rows, *learned),
        SCORE_TYPES,
        int(batch_size),
    )
