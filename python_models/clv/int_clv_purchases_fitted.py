"""Purchase models of every day: histories in, one row per day, model and parameter or log-likelihood out."""


def model(dbt, session):
    from customer_science.purchase_models import fit_purchases

    return fit_purchases(dbt.ref("int_clv_purchases_summarised").filter("is_sampled").df())
