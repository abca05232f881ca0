"""Cells and rules that keep their outcome to themselves once published: all whose outcome is told in, these out."""


def model(dbt, session):
    from customer_science.processes import in_own_process
    from customer_science.rule_sums import rule_sums
    from customer_science.suppression import withheld_cells

    minimum_cell_size = dbt.config.meta_get("minimum_cell_size")
    cells, sums = rule_sums(
        dbt.ref("int_churn_cells_listed").df(),
        dbt.ref("int_churn_conditions_listed").df(),
        dbt.ref("int_churn_rules_counted").df(),
    )
    return in_own_process(withheld_cells, cells, int(minimum_cell_size), sums)
