"""Tests of the cells of all churn cuts: values in each stratum and window in, one row per cut and value out."""


def model(dbt, session):
    import pandas as pd
    from customer_science.cells import compare_cells

    strata = [
        dbt.ref("int_churn_strata_counted").df(),
        dbt.ref("int_churn_product_strata_counted").df(),
    ]
    return compare_cells(pd.concat(strata))
