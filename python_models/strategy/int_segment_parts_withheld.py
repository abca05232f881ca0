"""Parts of segments whose count is withheld once published: all counts of parts in, these out."""


def model(dbt, session):
    from customer_science.segment_parts import withheld_parts

    return withheld_parts(
        dbt.ref("int_segment_parts_listed").df(),
        dbt.ref("int_segment_rules_listed").df(),
        int(dbt.config.meta_get("minimum_cell_size")),
    )
