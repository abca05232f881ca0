"""Economics of strategies: what is at stake in a segment in, net amounts and a decision for each out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.economics import estimate_economics

    return estimate_economics(
        dbt.ref("int_strategy_economics_summed").df(),
        float(dbt.config.meta_get("significance_level")),
    )
