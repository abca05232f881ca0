"""How much features moved since the latest outcome window opened: customers of both days in, a row per level out."""


def model(dbt, session):
    from customer_science.drift import measure_drift

    customers = dbt.ref("int_drift_customers_sampled")
    return measure_drift(
        customers.filter("churn_basis = 'window'").df(),
        customers.filter("churn_basis = 'current'").df(),
        dbt.ref("int_drift_features_listed").df(),
    )
