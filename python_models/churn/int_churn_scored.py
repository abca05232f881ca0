"""Churn scores: features in, probabilities and their largest contributions out; of the sample, by every model."""


def model(dbt, session):
    from customer_science.batches import apply_in_batches
    from customer_science.churn_scores import SCORE_TYPES, fit_churn_models, score_customers

    small_cell_size = dbt.config.meta_get("small_cell_size")
    rows = dbt.ref("int_churn_score_rows")
    fitted = fit_churn_models(
        rows.filter("is_sampled and is_tested").df(),
        dbt.ref("int_churn_features_listed").filter("is_scorable").order("feature_name").df(),
        float(small_cell_size),
    )
    return apply_in_batches(
        session,
        rows.filter("is_rated or churn_basis = 'current'"),
        lambda batch: score_customers(batch, *fitted),
        SCORE_TYPES,
    )
