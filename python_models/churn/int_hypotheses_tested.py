"""Tests of the registered hypotheses: counts of values in, one row per hypothesis, part and test out."""


def model(dbt, session):
    from customer_science.comparisons import Settings, compare_groups

    confidence_level = dbt.config.meta_get("confidence_level")
    significance_level = dbt.config.meta_get("significance_level")
    small_cell_size = dbt.config.meta_get("small_cell_size")
    settings = Settings(float(confidence_level), float(significance_level))
    observed = dbt.ref("int_hypotheses_observed")

    def observe(*hypothesis):
        code, part = (text.replace("'", "''") for text in hypothesis)
        rows = observed.filter(f"hypothesis_code = '{code}' and part = '{part}'")
        return rows.project("group_name, window_number, measured_value, customers_count").df()

    return compare_groups(
        observe, dbt.ref("int_hypotheses_registered").df(), settings, int(small_cell_size)
    )
