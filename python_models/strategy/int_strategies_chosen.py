"""Strategies that are worth their set-up, and places in those of limited capacity: what each customer would gain in."""


def model(dbt, session):
    from customer_science.assignment import choose_strategies

    return choose_strategies(dbt.ref("int_strategy_gains_listed").df())
