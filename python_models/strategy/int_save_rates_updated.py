"""Save rates after campaigns: plans and what followed in the arms of campaigns that count in, posteriors out."""


def model(dbt, session):
    from customer_science.campaigns import update_save_rates

    return update_save_rates(
        dbt.ref("strategy_plans").df(),
        dbt.ref("int_campaign_results_concluded").filter("is_evidence").df(),
    )
