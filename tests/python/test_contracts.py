"""Renewals: the published survival curves and planted parameters."""

import numpy as np
import pandas as pd
import pytest
from customer_science import contracts

# Fader and Hardie (2007), per cent alive at the end of years 0 to 12.
PUBLISHED = {
    "high end": [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4],
    "regular": [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3],
}


def fitted(alive):
    """The model of a cohort's first seven renewals."""
    alive = np.array(alive[:8])
    number = np.arange(1, 8)
    return contracts.fit_shifted_beta_geometric(
        number, -np.diff(alive), np.where(number == 7, alive[7], 0)
    )


@pytest.mark.parametrize(
    ("cohort", "alpha", "beta", "survival", "constant"),
    [
        ("high end", "0.668", "3.806", "0.378", "0.270"),
        ("regular", "0.704", "1.182", "0.170", "0.046"),
    ],
)
def test_published_cohorts(cohort, alpha, beta, survival, constant):
    parameters = fitted(PUBLISHED[cohort]).parameters
    assert {name: f"{value:.3f}" for name, value in parameters.items()} == {
        "alpha": alpha, "beta": beta,
    }  # fmt: skip
    assert f"{contracts.survival(**parameters, renewal_count=12):.3f}" == survival
    # a churn rate that does not fall with loyalty misses the actual share by far
    alive = np.array(PUBLISHED[cohort][:8])
    rate = 1 - (alive[0] - alive[7]) / alive[:7].sum()
    assert f"{rate**12:.3f}" == constant


def portfolio(customers=20_000, seed=1):
    draw = np.random.default_rng(seed)
    leaves_at = draw.geometric(np.maximum(draw.beta(0.7, 3.0, customers), 1e-9))
    years = draw.integers(0, 8, customers)
    return pd.DataFrame(
        {
            "policy_id": [f"P{number:05}" for number in range(customers)],
            "cohort": np.where(years % 2, "2020", "2021"),
            "measured_on": pd.Timestamp("2025-01-01"),
            "annual_premium": draw.uniform(100, 200, customers),
            "renewal_number": np.minimum(leaves_at, years),
            "is_ended": leaves_at <= years,
        }
    )


def fits_of(frame):
    keys = ["cohort", "measured_on", "renewal_number", "is_ended"]
    counts = frame.groupby(keys, sort=False).size().reset_index(name="contract_count")
    return contracts.fit_contracts(counts, minimum_count=100)


def running(frame):
    return frame[~frame["is_ended"]]


def test_planted_parameters_are_recovered():
    fits = fits_of(portfolio())
    everybody = fits[fits["cohort"] == "all"].set_index("metric_name")["metric_value"]
    assert everybody["parameter_alpha"] == pytest.approx(0.7, rel=0.1)
    assert everybody["parameter_beta"] == pytest.approx(3.0, rel=0.1)
    assert set(fits["cohort"]) == {"all", "2020", "2021"}


def test_a_cohort_that_is_too_small_speaks_through_all():
    frame = portfolio(500)
    frame.loc[:20, "cohort"] = "1999"
    fits = fits_of(frame)
    assert "1999" not in set(fits["cohort"])
    predicted = contracts.predict_contracts(running(frame), fits, 1, 0.1)
    assert set(predicted["policy_id"]) == set(running(frame)["policy_id"])


def test_loyal_customers_renew_more_often_and_value_is_discounted():
    probabilities = contracts.renewal_probability(0.7, 3.0, [0, 1, 5, 50])
    assert (np.diff(probabilities) > 0).all()
    one = contracts.expected_renewals(0.7, 3.0, np.array([0.0, 5.0]), 1, 0.1)
    assert one == pytest.approx(contracts.renewal_probability(0.7, 3.0, [0, 5]) / 1.1)
    three = contracts.expected_renewals(0.7, 3.0, np.array([0.0]), 3, 0.0)
    survival = contracts.survival(0.7, 3.0, [1, 2, 3])
    assert three[0] == pytest.approx(survival.sum())


def test_without_an_end_or_a_renewal_there_is_no_model():
    with pytest.raises(ValueError, match="must both end and be renewed"):
        contracts.fit_shifted_beta_geometric([1, 2], [0, 0], [3, 3])
    with pytest.raises(ValueError, match="must both end and be renewed"):
        contracts.fit_shifted_beta_geometric([1], [3], [0])
    everybody_stays = portfolio(500).assign(is_ended=False)
    fits = fits_of(everybody_stays)
    assert len(fits) == 0
    assert len(contracts.predict_contracts(everybody_stays, fits, 1, 0.1)) == 0


def test_order_of_rows_changes_nothing():
    frame = portfolio(2_000)
    shuffled = frame.sample(frac=1, random_state=1)
    fits = fits_of(frame)
    pd.testing.assert_frame_equal(fits_of(shuffled), fits, check_exact=True)
    pd.testing.assert_frame_equal(
        contracts.predict_contracts(running(shuffled), fits, 2, 0.1),
        contracts.predict_contracts(running(frame), fits, 2, 0.1),
        check_exact=True,
    )
