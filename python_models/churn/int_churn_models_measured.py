"""Metrics of the churn models: predictions and outcomes in, one row per sample, model, feature set and metric out."""


def model(dbt, session):
    from customer_science.churn_scores import measure_samples

    confidence_level = dbt.config.meta_get("confidence_level")
    return measure_samples(dbt.ref("int_churn_predictions_compared").df(), float(confidence_level))
