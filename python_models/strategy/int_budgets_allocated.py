"""Budgets by scenario: options in, contacts and spend of each and the worth of a contact out."""


def model(dbt, session):
    from customer_science.budgets import allocate_budgets

    return allocate_budgets(dbt.ref("int_budget_options_listed").df())
