"""Intervals and tier probabilities: predictions and observed ratios in, one row per family, basis and customer out."""


def model(dbt, session):
    from customer_science.batches import apply_in_batches
    from customer_science.value_intervals import INTERVAL_TYPES, calibrate_values

    ratios = dbt.ref("int_clv_ratios_observed").df()
    bounds = dbt.ref("int_clv_tier_cuts_listed").df()
    return apply_in_batches(
        session,
        dbt.ref("int_clv_customers_predicted"),
        lambda rows: calibrate_values(rows, ratios, bounds),
        INTERVAL_TYPES,
    )
