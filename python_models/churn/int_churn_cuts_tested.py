"""Tests of the churn cuts: counts of values in each stratum and window in, one row per cut out."""


def model(dbt, session):
    from customer_science.hypothesis_tests import compare_cuts

    return compare_cuts(dbt.ref("int_churn_strata_counted").df())
