"""Forecasts of renewals: contracts and fitted models in, one row per running contract and day out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.contracts import predict_contracts

    horizon_days = dbt.config.meta_get("horizon_days")
    discount_rate = dbt.config.meta_get("discount_rate")
    return predict_contracts(
        dbt.ref("int_clv_contracts_observed").df(),
        dbt.ref("int_clv_contracts_fitted").df(),
        max(1, round(int(horizon_days) / 365.25)),
        float(discount_rate),
    )
