"""Values on each month's end: histories of purchases and today's fits in, one row per customer and month out."""


def model(dbt, session):
    from customer_science.batches import apply_in_batches
    from customer_science.purchase_models import (
        HISTORY_VALUE_TYPES,
        Horizon,
        value_histories,
    )
    from customer_science.settings import read_settings

    horizon = read_settings(Horizon, dbt.config.meta_get("horizon"))
    served_model = dbt.config.meta_get("served_model")
    fits = dbt.ref("int_clv_purchases_fitted").df()
    histories = dbt.ref("int_clv_history_summarised")
    return apply_in_batches(
        session,
        # equal histories, whose value is computed once, stand together
        histories.order("repeat_count, recency_weeks, observed_weeks, customer_id, month_number"),
        lambda customers: value_histories(customers, fits, horizon, served_model),
        HISTORY_VALUE_TYPES,
    )
