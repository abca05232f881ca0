"""Calibration by group: tested probabilities in, one row per feature set, age band and gender with a factor out."""


def model(dbt, session):
    from customer_science.churn_scores import calibrate_groups

    return calibrate_groups(dbt.ref("int_churn_probabilities_tested").df())
