"""Cells that keep their outcome to themselves once published: every cell whose outcome is told in, these out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.suppression import withheld_cells

    minimum_cell_size = dbt.config.meta_get("minimum_cell_size")
    return withheld_cells(dbt.ref("int_churn_cells_listed").df(), int(minimum_cell_size))
