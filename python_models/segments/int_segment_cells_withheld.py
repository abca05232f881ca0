"""Segments that keep their outcome to themselves once published: all whose outcome is told in, these out."""


def model(dbt, session):
    from customer_science.suppression import withheld_cells

    minimum_cell_size = dbt.config.meta_get("minimum_cell_size")
    return withheld_cells(dbt.ref("int_segment_cells_listed").df(), int(minimum_cell_size))
