"""Values on the day on which the outcome window opened: histories and today's fits in, one row per customer out."""


def model(dbt, session):
    from customer_science.batches import apply_in_batches
    from customer_science.purchase_models import (
        HISTORY,
        PREDICTION_TYPES,
        Horizon,
        predict_purchases,
    )
    from customer_science.settings import read_settings

    horizon = read_settings(Horizon, dbt.config.meta_get("horizon"))
    served_model = dbt.config.meta_get("served_model")
    fits = dbt.ref("int_clv_purchases_fitted").df()
    histories = dbt.ref("int_clv_purchases_observed").project(", ".join(HISTORY))
    return apply_in_batches(
        session,
        histories.order("repeat_count, recency_weeks, observed_weeks, customer_id"),
        lambda customers: predict_purchases(customers, fits, horizon, served_model),
        PREDICTION_TYPES,
    )
