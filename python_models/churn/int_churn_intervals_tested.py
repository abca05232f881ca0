"""p- and q-values of the intervals on the confirmation half: counts in, one row per feature and interval out."""


def model(dbt, session):
    from customer_science.intervals import compare_intervals

    return compare_intervals(dbt.ref("int_churn_intervals_counted").filter("is_tested").df())
