"""Predictions for the latest window by models fitted one window earlier: both windows in, one row per customer out."""


def model(dbt, session):
    from customer_science.churn_scores import predict_out_of_time

    small_cell_size = dbt.config.meta_get("small_cell_size")
    minimum_outcomes = dbt.config.meta_get("minimum_outcomes")
    rows = dbt.ref("int_churn_score_rows")
    return predict_out_of_time(
        rows.filter("is_sampled and window_number = 2").df(),
        rows.filter("is_sampled and window_number = 1").df(),
        dbt.ref("int_churn_features_listed").filter("is_scorable").order("feature_name").df(),
        float(small_cell_size),
        int(minimum_outcomes),
    )
