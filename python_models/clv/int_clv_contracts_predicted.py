"""Forecasts of renewals: contracts and fitted models in, one row per running contract and day out."""


def model(dbt, session):
    from customer_science.batches import apply_in_batches
    from customer_science.contracts import PREDICTION_TYPES, predict_contracts

    horizon_days = dbt.config.meta_get("horizon_days")
    discount_rate = dbt.config.meta_get("discount_rate")
    horizon_years = max(1, round(int(horizon_days) / 365.25))
    fits = dbt.ref("int_clv_contracts_fitted").df()
    return apply_in_batches(
        session,
        dbt.ref("int_clv_contracts_asked"),
        lambda rows: predict_contracts(rows, fits, horizon_years, float(discount_rate)),
        PREDICTION_TYPES,
    )
