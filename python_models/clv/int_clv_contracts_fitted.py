"""Models of renewals: counts of contracts in, one row per day, cohort and parameter or log-likelihood out."""


def model(dbt, session):
    from customer_science.contracts import fit_contracts

    minimum_count = dbt.config.meta_get("minimum_count")
    return fit_contracts(dbt.ref("int_clv_contracts_counted").df(), int(minimum_count))
