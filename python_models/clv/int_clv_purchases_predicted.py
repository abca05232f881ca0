"""Forecasts of purchases: histories and fitted models in, one row per customer and day out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.purchase_models import HISTORY, Horizon, predict_purchases
    from customer_science.settings import read_settings

    horizon = dbt.config.meta_get("horizon")
    served_model = dbt.config.meta_get("served_model")
    return predict_purchases(
        dbt.ref("int_clv_purchases_summarised").project(", ".join(HISTORY)).df(),
        dbt.ref("int_clv_purchases_fitted").df(),
        read_settings(Horizon, horizon),
        served_model,
    )
