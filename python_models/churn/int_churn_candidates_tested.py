"""Candidates judged by the half that did not propose them: counts of both halves in, one row per candidate out."""


def model(dbt, session):
    from customer_science.settings import read_settings
    from customer_science.subgroups import SubgroupSettings, confirm_subgroups

    settings = dbt.config.meta_get("settings")
    return confirm_subgroups(
        dbt.ref("int_churn_subgroups_found").df(),
        dbt.ref("int_churn_candidates_counted").df(),
        dbt.ref("int_churn_customers_sampled").df(),
        read_settings(SubgroupSettings, settings),
    )
