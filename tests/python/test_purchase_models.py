"""Purchase models: the published fit of CDNOW, planted parameters, and what the formulas must obey."""

import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from customer_science import purchase_models as models
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import beta as beta_distribution
from scipy.stats import gamma as gamma_distribution

BG = {"r": 0.6, "alpha": 12.0, "a": 0.8, "b": 2.5}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
HORIZON = models.Horizon(365, 0.1)


def cdnow():
    """Repeat purchases of CDNOW's sample up to 1997-09-30, and what followed: one row per customer."""
    base = os.environ.get("CLIENTELE_REAL_DATA")
    path = pathlib.Path(base or "") / "cdnow" / "CDNOW_sample.txt"
    if not base or not path.is_file():
        pytest.skip(
            "CLIENTELE_REAL_DATA has no cdnow/CDNOW_sample.txt: its published fit is not checked"
        )
    names = ["master_id", "customer_id", "day", "cds", "amount"]
    rows = pd.read_csv(path, sep=r"\s+", names=names, dtype={"day": str})
    rows["day"] = pd.to_datetime(rows["day"])
    days = rows.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    end = pd.Timestamp("1997-09-30")
    before = days[days["day"] <= end]
    first = before.groupby("customer_id")["day"].min()
    repeats = before[before["day"] > before["customer_id"].map(first)]
    return pd.DataFrame(
        {
            "x": before.groupby("customer_id").size() - 1,
            "t_x": (before.groupby("customer_id")["day"].max() - first).dt.days / 7,
            "T": (end - first).dt.days / 7,
            "average": repeats.groupby("customer_id")["amount"].mean().reindex(first.index),
            "future": days[days["day"] > end].groupby("customer_id").size().reindex(first.index).fillna(0),
        }
    )  # fmt: skip


def simulated(model, parameters, customers, seed):
    """Histories of customers who buy and leave as the model says: x, t_x, T in weeks."""
    draw = np.random.default_rng(seed)
    rate = draw.gamma(parameters["r"], 1 / parameters["alpha"], customers)
    leaving = draw.beta(parameters["a"], parameters["b"], customers)
    observed = draw.uniform(60, 104, customers)
    x, last = np.zeros(customers), np.zeros(customers)
    alive = np.ones(customers, bool)
    if model == "mbg_nbd":
        alive &= draw.random(customers) >= leaving
    clock = np.zeros(customers)
    while alive.any():
        clock = clock + draw.exponential(1 / rate)
        alive &= clock <= observed
        x, last = np.where(alive, x + 1, x), np.where(alive, clock, last)
        alive &= draw.random(customers) >= leaving
    return x, last, observed


@pytest.fixture(scope="module")
def customers():
    return cdnow()


@pytest.fixture(scope="module")
def fits(customers):
    groups, weights = models.group_counts(customers["x"], customers["t_x"], customers["T"])
    return {model: models.fit_count_model(model, groups, weights) for model in models.COUNT_MODELS}


class TestCdnow:
    def test_counts(self, customers):
        assert (len(customers), (customers["x"] > 0).sum(), customers["x"].sum()) == (
            2357,
            946,
            2457,
        )

    def test_bg_nbd(self, fits):
        fit = fits["bg_nbd"]
        assert {name: f"{value:.3f}" for name, value in fit.parameters.items()} == {
            "r": "0.243", "alpha": "4.414", "a": "0.793", "b": "2.426",
        }  # fmt: skip
        assert (f"{fit.log_likelihood:.2f}", fit.customers_count) == ("-9582.43", 2357)

    def test_mbg_nbd(self, fits):
        assert f"{fits['mbg_nbd'].log_likelihood:.2f}" == "-9582.14"

    def test_gamma_gamma_over_repeat_days_of_repeaters(self, customers):
        fit = models.fit_gamma_gamma(customers["x"], customers["average"].fillna(0))
        assert {name: f"{value:.2f}" for name, value in fit.parameters.items()} == {
            "p": "6.25", "q": "3.74", "v": "15.44",
        }  # fmt: skip
        assert fit.customers_count == 946

    def test_expected_purchases_of_the_published_customer(self, fits):
        expected = models.expected_purchases(
            "bg_nbd", fits["bg_nbd"].parameters, 39, 2, 30.43, 38.86
        )
        assert f"{expected:.3f}" == "1.226"

    def test_alive_and_holdout(self, customers, fits):
        history = customers["x"], customers["t_x"], customers["T"]
        alive = models.alive_probability("bg_nbd", fits["bg_nbd"].parameters, *history)
        assert f"{alive.mean():.4f}" == "0.8134"
        expected = models.expected_purchases("bg_nbd", fits["bg_nbd"].parameters, 39, *history)
        assert (customers["future"].sum(), f"{expected.sum():.1f}") == (1882, "1653.4")
        errors = {
            model: np.abs(models.expected_purchases(model, fit.parameters, 39, *history) - customers["future"]).mean()
            for model, fit in fits.items()
        }  # fmt: skip
        assert {model: f"{error:.3f}" for model, error in errors.items()} == {
            "bg_nbd": "0.785", "mbg_nbd": "0.765",
        }  # fmt: skip


def count_log_likelihood(model, parameters, groups, weights):
    """Log-likelihood of the parameters, summed over customers."""
    values = np.array([parameters[name] for name in models.COUNT_PARAMETERS])
    return models._count_likelihood(values, models.COUNT_MODELS[model], groups, weights)[0]


class TestFitting:
    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
    def test_gradient_is_the_slope_of_the_likelihood(self, model):
        groups = np.array([[0, 0, 30], [1, 12.5, 38.9], [4, 20, 25], [9, 30, 31]], float)
        weights = np.array([5, 3, 2, 1])
        shift, at = models.COUNT_MODELS[model], np.array([0.7, 5.0, 1.2, 2.0])
        _, slope = models._count_likelihood(at, shift, groups, weights)
        numeric = approx_fprime(
            at, lambda values: models._count_likelihood(values, shift, groups, weights)[0], 1e-6
        )
        assert slope == pytest.approx(numeric, rel=1e-4, abs=1e-5)

    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
    def test_planted_parameters_are_recovered(self, model):
        groups, weights = models.group_counts(*simulated(model, BG, 40_000, seed=1))
        fit = models.fit_count_model(model, groups, weights)
        for name, planted in BG.items():
            assert fit.parameters[name] == pytest.approx(planted, rel=0.15), name
        planted = count_log_likelihood(model, BG, groups, weights)
        assert planted <= fit.log_likelihood < planted + 12

    def test_planted_spend_is_recovered_and_zero_spend_does_not_disturb_it(self):
        draw = np.random.default_rng(2)
        x = draw.integers(1, 8, 30_000)
        scale = draw.gamma(SPEND["q"], 1 / SPEND["v"], len(x))
        average = draw.gamma(SPEND["p"] * x, 1 / scale) / x
        fit = models.fit_gamma_gamma(x, average)
        for name, planted in SPEND.items():
            assert fit.parameters[name] == pytest.approx(planted, rel=0.1), name
        with_zeros = models.fit_gamma_gamma(np.append(x, [3, 2]), np.append(average, [0, 0]))
        assert with_zeros == fit

    def test_grouping_changes_nothing(self):
        x, last, observed = (np.round(one) for one in simulated("bg_nbd", BG, 2_000, seed=3))
        groups, weights = models.group_counts(x, last, observed)
        single = np.column_stack([x, last, observed])
        assert weights.sum() == 2_000 and len(groups) < 2_000
        assert count_log_likelihood("bg_nbd", BG, groups, weights) == pytest.approx(
            count_log_likelihood("bg_nbd", BG, single, np.ones(2_000)), rel=1e-12
        )

    def test_nobody_who_repeats_is_refused(self):
        with pytest.raises(ValueError, match="no customer bought on a second day"):
            models.fit_count_model("bg_nbd", np.array([[0.0, 0, 10]]), np.array([3]))
        with pytest.raises(ValueError, match="no repeater spent anything"):
            models.fit_gamma_gamma(np.array([2]), np.array([0.0]))


class TestForecasts:
    @pytest.mark.parametrize(("model", "shift"), [("bg_nbd", 0), ("mbg_nbd", 1)])
    @pytest.mark.parametrize(
        "history", [(0, 0, 30), (2, 30.43, 38.86), (25, 50, 52), (300, 100, 104)]
    )
    def test_expected_purchases_are_the_mean_over_who_the_customer_may_be(
        self, model, shift, history
    ):
        # E over rate and chance of leaving, given the history and being here, of (1 - exp(-rate p t)) / p
        x, last, observed = history
        rates = gamma_distribution(BG["r"] + x, scale=1 / (BG["alpha"] + observed))
        chances = beta_distribution(BG["a"], BG["b"] + x + shift)

        def given_chance(p):
            survival = (1 + p * 39 * rates.kwds["scale"]) ** -(BG["r"] + x)
            return (1 - survival) / p * chances.pdf(p)

        mean = sum(
            quad(given_chance, *bounds, limit=500)[0]
            for bounds in ((0, 0.01), (0.01, 0.1), (0.1, 1))
        )
        alive = models.alive_probability(model, BG, *history)
        assert models.expected_purchases(model, BG, 39, *history) == pytest.approx(
            mean * alive, rel=1e-6
        )

    def test_nothing_is_negative_and_longer_times_bring_more(self):
        draw = np.random.default_rng(4)
        x = draw.integers(0, 400, 5_000)
        observed = draw.uniform(0, 500, 5_000)
        last = np.where(x > 0, draw.uniform(0, observed), 0)
        for model in models.COUNT_MODELS:
            for a in (0.01, 0.999999, 1.0, 1.5, 30.0, 40_000.0):
                parameters = {**BG, "a": a}
                short, long = (
                    models.expected_purchases(model, parameters, weeks, x, last, observed)
                    for weeks in (10, 100)
                )
                assert np.isfinite(long).all() and (short >= 0).all()
                assert (long >= short * (1 - 1e-9) - 1e-12).all()

    def test_near_a_of_one_the_formula_is_its_limit(self):
        near, at, beyond = (
            models.expected_purchases("bg_nbd", {**BG, "a": a}, 39, 2, 30.43, 38.86)
            for a in (0.9999, 1.0, 1.0001)
        )
        assert near == pytest.approx(at, rel=1e-3) == pytest.approx(beyond, rel=1e-3)

    @pytest.mark.parametrize("size", [1e3, 1e5])
    def test_without_heterogeneity_the_chance_of_leaving_is_the_same_for_all(self, size):
        # every purchase is the last with probability .2: E = (1 - (1 + .2 t / (alpha + T)) ** -(r + x)) / .2
        parameters = {"r": 0.6, "alpha": 12.0, "a": 0.2 * size, "b": 0.8 * size}
        alive = models.alive_probability("bg_nbd", parameters, 3, 40, 50)
        expected = (1 - (1 + 0.2 * 39 / 62) ** -3.6) / 0.2 * alive
        found = models.expected_purchases(
            "bg_nbd", parameters, 39, np.array([3]), np.array([40]), np.array([50])
        )
        assert found == pytest.approx(expected, rel=0.01)

    @pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
    def test_customers_who_hardly_differ_and_never_leave_buy_at_one_rate(self, model):
        # monthly payments: the formula of huge parameters has no digits left
        parameters = {"r": 162_754.8, "alpha": 805_050.0, "a": 3.5e-5, "b": 1_721.2}
        expected = models.expected_purchases(model, parameters, 26, 17, 76, 78)
        assert expected == pytest.approx(26 * 162_771.8 / 805_128, rel=1e-4)

    def test_silence_lowers_the_chance_of_being_here(self):
        alive = models.alive_probability(
            "bg_nbd", BG, np.full(3, 4), np.array([30, 20, 5]), np.full(3, 31)
        )
        assert alive[0] > alive[1] > alive[2]
        assert models.alive_probability("bg_nbd", BG, 0, 0, 50) == 1
        assert models.alive_probability("mbg_nbd", BG, 0, 0, 50) < 1

    def test_discount_lies_between_none_and_that_of_the_last_day(self):
        history = np.array([2]), np.array([30.43]), np.array([38.86])
        plain = models.expected_purchases("bg_nbd", BG, 365 / 7, *history)
        undiscounted = models.discounted_purchases("bg_nbd", BG, models.Horizon(365, 0.0), *history)
        discounted = models.discounted_purchases("bg_nbd", BG, HORIZON, *history)
        assert undiscounted == pytest.approx(plain, rel=1e-12)
        assert plain / 1.1 < discounted < plain

    def test_spend_is_drawn_to_the_mean_and_never_negative(self):
        mean = SPEND["p"] * SPEND["v"] / (SPEND["q"] - 1)
        none, few, many = models.expected_spend(SPEND, [0, 1, 50], [np.nan, 90, 90])
        assert none == pytest.approx(mean) and none < few < many < 90
        returned, nothing = models.expected_spend(SPEND, [3, 3], [-40, 0])
        assert returned == nothing > 0


class TestFrames:
    @pytest.fixture
    def frame(self):
        x, last, observed = simulated("bg_nbd", BG, 1_500, seed=5)
        draw = np.random.default_rng(6)
        one = pd.DataFrame(
            {
                "customer_id": [f"C{number:04}" for number in range(len(x))],
                "repeat_count": x.astype(int),
                "recency_weeks": last,
                "observed_weeks": observed,
                "average_repeat_amount": np.where(x > 0, draw.gamma(9, 3, len(x)), np.nan),
                "is_sampled": True,
            }
        )
        days = {"2024-01-01": 39.0, "2024-10-01": np.nan}
        return pd.concat(
            [one.assign(measured_on=pd.Timestamp(day), holdout_weeks=weeks) for day, weeks in days.items()],
            ignore_index=True,
        )  # fmt: skip

    def test_every_day_has_its_fit_and_every_customer_a_forecast(self, frame):
        fits = models.fit_purchases(frame)
        assert fits.groupby("measured_on").size().to_list() == [14, 14]
        predicted = models.predict_purchases(frame, fits, HORIZON, "bg_nbd")
        assert len(predicted) == len(frame)
        assert (predicted.filter(like="value") >= 0).all(axis=None)
        known = predicted["bg_nbd_holdout_purchases"].notna()
        assert (known == (predicted["measured_on"] == "2024-01-01")).all()
        more = predicted.filter(regex="more_purchases").to_numpy()
        assert (np.diff(more, axis=1) > 0).all()

    def test_order_of_rows_changes_nothing(self, frame):
        shuffled = frame.sample(frac=1, random_state=1)
        fits = models.fit_purchases(frame)
        pd.testing.assert_frame_equal(models.fit_purchases(shuffled), fits, check_exact=True)
        pd.testing.assert_frame_equal(
            models.predict_purchases(shuffled, fits, HORIZON, "bg_nbd"),
            models.predict_purchases(frame, fits, HORIZON, "bg_nbd"),
            check_exact=True,
        )

    def test_nobody_gives_empty_typed_frames(self, frame):
        fits = models.fit_purchases(frame.assign(repeat_count=0))
        assert len(fits) == 0 and list(fits.columns) == list(models.FIT_TYPES)
        predicted = models.predict_purchases(frame, fits, HORIZON, "bg_nbd")
        assert len(predicted) == 0 and list(predicted.columns) == list(models.PREDICTION_TYPES)

    def test_a_history_is_worth_what_the_forecast_says(self, frame):
        fits = models.fit_purchases(frame)
        predicted = models.predict_purchases(frame, fits, HORIZON, "mbg_nbd")
        valued = models.value_histories(frame.assign(month_number=3), fits, HORIZON, "mbg_nbd")
        expected = predicted.sort_values(["customer_id", "measured_on"])["mbg_nbd_horizon_value"]
        found = valued.assign(
            measured_on=frame["measured_on"].sort_values(kind="stable").to_numpy()
        )
        found = found.sort_values(["customer_id", "measured_on"])["horizon_value"]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert (
            len(
                models.value_histories(
                    frame.assign(month_number=3), fits.head(0), HORIZON, "bg_nbd"
                )
            )
            == 0
        )
