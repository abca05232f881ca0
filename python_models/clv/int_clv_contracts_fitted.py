"""Models of renewals: contracts in, one row per day, cohort and parameter or log-likelihood out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.contracts import DECISIONS, fit_contracts

    minimum_count = dbt.config.meta_get("minimum_count")
    contracts = dbt.ref("int_clv_contracts_observed").project(", ".join(DECISIONS))
    return fit_contracts(contracts.df(), int(minimum_count))
