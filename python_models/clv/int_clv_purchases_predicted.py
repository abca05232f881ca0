"""Forecasts of purchases: histories and fitted models in, one row per customer and day out."""


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
    histories = dbt.ref("int_clv_purchases_summarised").project(", ".join(HISTORY))
    return apply_in_batches(
        session,
        # equal histories, whose forecast is computed once, stand together
        histories.order("measured_on, repeat_count, recency_weeks, observed_weeks"),
        lambda customers: predict_purchases(customers, fits, horizon, served_model),
        PREDICTION_TYPES,
    )
