"""Tests of the churn cuts: counts of values in each window in, one row per cut out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.hypothesis_tests import compare_cuts

    # a customer may hold several products, so they divide nobody
    return compare_cuts(dbt.ref("int_churn_cuts_counted").filter("cut_name <> 'product_code'").df())
