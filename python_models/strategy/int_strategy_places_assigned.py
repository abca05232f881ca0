"""Places in strategies of limited capacity: who asks for them in, who has one out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.assignment import assign_places

    return assign_places(dbt.ref("int_strategy_places_asked").df())
