"""Metrics of every model of value and its baselines: predictions in, one row per model and metric out."""


def model(dbt, session):
    from customer_science.value_metrics import measure_values

    return measure_values(dbt.ref("int_clv_values_compared").df())
