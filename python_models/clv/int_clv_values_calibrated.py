"""Intervals and tier probabilities: predictions and observed ratios in, one row per family, basis and customer out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.value_intervals import calibrate_values

    coverage = dbt.config.meta_get("coverage")
    return calibrate_values(
        dbt.ref("int_clv_customers_predicted").df(),
        dbt.ref("int_clv_ratios_observed").df(),
        dbt.ref("int_clv_tier_cuts_listed").df(),
        float(coverage),
    )
