"""p- and q-values of the churn cuts, from SciPy: chi-square statistics in, one row per cut out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.hypothesis_tests import chi_square_p_values

    return chi_square_p_values(dbt.ref("int_churn_cuts_measured").order("cut_name").df())
