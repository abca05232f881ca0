"""Tests of the cells of all churn cuts: counts of values in each window in, one row per cut and value out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.cells import compare_cells

    return compare_cells(dbt.ref("int_churn_cuts_counted").df())
