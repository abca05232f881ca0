"""Strategies that are worth their set-up: what each customer would gain by each in, whether it is set up out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.assignment import choose_strategies

    return choose_strategies(dbt.ref("int_strategy_gains_listed").df())
