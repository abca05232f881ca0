"""Cells of the churn cube that keep their outcome to themselves once published: all cells in, these out."""


def model(dbt, session):
    dbt.config(materialized="table")
    from customer_science.suppression import withheld_cells

    minimum_cell_size = dbt.config.meta_get("minimum_cell_size")
    cells = dbt.ref("int_churn_rates_compared").filter("is_in_cube")
    return withheld_cells(
        cells.project("cut_name, cut_value, customers_count").df(), int(minimum_cell_size)
    )
