"""Clusters of a whole build: planted ones are recovered, SQL places customers as scikit-learn does, codes last."""

import csv
import shutil

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import MODELS
from customer_science import simulate
from customer_science.clusters import COVARIANCE_FLOOR
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

DEMO = [*simulate.DEMO_ARGUMENTS, "--truth-labels"]
MEASURES = ["recency", "frequency", "monetary"]
PARAMETERS = (
    "method_code, cast(cluster_number as bigint) as cluster_number, known_measures, measure, measure_mean, "
    "measure_scale, centroid, precision_recency, precision_frequency, precision_monetary, score_offset"
)


def clusters_of(build):
    return build.values("select customer_id, cluster_code from marts.customer_clusters")


# --- what was planted


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Customer -> planted cluster of the demo bank."""
    folder = tmp_path_factory.mktemp("labels")
    simulate.main([*DEMO, "--out", str(folder)])
    with (folder / "truth_clusters.csv").open() as file:
        return {row["customer_id"]: row["cluster"] for row in csv.DictReader(file)}


def test_the_planted_clusters_are_recovered_among_current_customers(demo, planted):
    found = clusters_of(demo)
    assert set(found) == set(planted)
    # contacts and balances fade before a closing, so a closed customer is no longer like its cluster
    customers = [
        customer
        for (customer,) in demo.rows(
            "select customer_id from marts.customer_clusters inner join intermediate.int_customers_churned "
            "using (customer_id) where is_current and cluster_code <> 'never_in_touch' order by 1"
        )
    ]
    codes = pd.Series([found[customer] for customer in customers])
    truth = pd.Series([planted[customer] for customer in customers])
    # a planted cluster may be found in parts, and a part holds one of them
    most = pd.crosstab(codes, truth).idxmax(axis=1)
    assert set(most) == set(planted.values())
    assert most["c1"] == "devoted"
    assert adjusted_rand_score(truth, codes.map(most)) >= 0.7


def test_the_most_valuable_cluster_has_the_study_s_reading_and_strategies(demo):
    profiles = demo.values(
        "select cluster_code, segment_code, strategies, interpretation from marts.cluster_profiles"
    )
    assert profiles["c1"][0] == "ultra_high_value_engaged"
    assert "Dedicated relationship manager" in profiles["c1"][1]
    assert "by far the most money" in profiles["c1"][2]
    assert "never_in_touch" in profiles


def test_closed_customers_take_no_part_in_fitting_clusters(demo):
    assert demo.row(
        "select count(*) > 1000, count(*) filter (where closed_on is not null) "
        "from intermediate.int_cluster_customers_sampled inner join intermediate.int_customers_conformed "
        "using (customer_id)"
    ) == (True, 0)


def test_one_scheme_without_structure_leaves_everybody_to_the_rules(run_dbt, demo_copy):
    # nothing was planted into the purchases that money or time would part
    wanted = ("cluster_profiles", "cluster_selection", "strategy_customers")
    build = run_dbt(
        into=demo_copy,
        select=[f"int_rfm_scheme_chosen+,+{mart}" for mart in wanted],
        env=MODELS,
        rfm_scheme="purchases",
        strategy_choice="order",
    )
    assert build.is_success, build.messages
    assert build.rows("select method_code, verdict from marts.cluster_selection where is_selected") == [
        ("none", "no cluster structure, use rules")
    ]  # fmt: skip
    assert build.rows(
        "select cluster_code, customers_count, strategy_code from marts.cluster_profiles"
    ) == [("unclustered", 10000, None)]
    assert build.rows(
        "select distinct strategy_scheme from marts.strategy_customers where rule_segment_code <> 'unassigned'"
    ) == [("rule",)]


# --- SQL against scikit-learn


@pytest.fixture(scope="module")
def learnt(demo):
    """The standardised sample, and every customer of whom all is known."""
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        sample = connection.sql(
            "select * from intermediate.int_cluster_customers_sampled order by customer_id"
        ).df()
        everybody = connection.sql(
            "select * from intermediate.int_cluster_features_built where recency is not null order by customer_id"
        ).df()
    sample = sample.dropna()[MEASURES].to_numpy()
    mean, scale = sample.mean(axis=0), sample.std(axis=0)
    everybody[MEASURES] = (everybody[MEASURES] - mean) / scale
    return (sample - mean) / scale, everybody


@pytest.mark.parametrize(("method", "count"), [("k_means", 6), ("gaussian_mixture", 6)])
def test_sql_places_every_customer_as_scikit_learn_predicts(
    demo_copy, run_dbt, learnt, method, count
):
    with duckdb.connect(str(demo_copy.path)) as connection:
        connection.sql(
            f"create or replace table intermediate.int_cluster_parameters as select {PARAMETERS} from "
            f"intermediate.int_customers_clustered where method_code = '{method}' and cluster_count = {count}"
        )
    placed = run_dbt("run", into=demo_copy, select=["int_customers_assigned"])
    assert placed.is_success, placed.messages
    with duckdb.connect(str(demo_copy.path), read_only=True) as connection:
        assigned = connection.sql(
            "select * from intermediate.int_customers_assigned where cluster_number is not null order by customer_id"
        ).df()
    sample, everybody = learnt
    assert list(assigned["customer_id"]) == list(everybody["customer_id"])

    centres = KMeans(count, n_init=20, random_state=20240101).fit(sample)
    model = centres
    if method == "gaussian_mixture":
        parts = [sample[centres.labels_ == label] for label in range(count)]
        floor = COVARIANCE_FLOOR * np.eye(3)
        model = GaussianMixture(
            count,
            weights_init=[len(part) / len(sample) for part in parts],
            means_init=[part.mean(axis=0) for part in parts],
            precisions_init=[np.linalg.inv(np.cov(part.T, bias=True) + floor) for part in parts],
            reg_covar=COVARIANCE_FLOOR,
            max_iter=500,
        ).fit(sample)
    complete = everybody["monetary"].notna().to_numpy()
    matrix = everybody.loc[complete, MEASURES].to_numpy()
    numbers = assigned.loc[complete, "cluster_number"].to_numpy()
    # one number for each label, whatever it is
    pairs = set(zip(model.predict(matrix), numbers, strict=True))
    assert len(pairs) == len({label for label, _ in pairs}) == count

    margins = assigned.loc[complete, "assignment_margin"].to_numpy()
    if method == "k_means":
        nearest = np.sort(model.transform(matrix), axis=1)
        assert assigned.loc[complete, "cluster_distance"].to_numpy() == pytest.approx(nearest[:, 0])
        assert margins == pytest.approx(1 - nearest[:, 0] / nearest[:, 1])
        assert assigned["membership_probability"].isna().all()
        # without money: the nearest centre in the other two
        partial = everybody.loc[~complete, MEASURES[:2]].to_numpy()
        distances = np.linalg.norm(partial[:, None] - model.cluster_centers_[None, :, :2], axis=2)
        number_of = dict(pairs)
        expected = [number_of[label] for label in distances.argmin(axis=1)]
        assert list(assigned.loc[~complete, "cluster_number"]) == expected
    else:
        probabilities = np.sort(model.predict_proba(matrix), axis=1)
        assert assigned.loc[complete, "membership_probability"].to_numpy() == pytest.approx(
            probabilities[:, -1]
        )
        assert margins == pytest.approx(probabilities[:, -1] - probabilities[:, -2])
        # without money: the marginal density of the other two
        partial = everybody.loc[~complete, MEASURES[:2]].to_numpy()
        scores = np.column_stack(
            [
                np.log(weight) + _log_density(partial, mean[:2], covariance[:2, :2])
                for weight, mean, covariance in zip(
                    model.weights_, model.means_, model.covariances_, strict=True
                )
            ]
        )
        assert assigned.loc[~complete, "membership_probability"].to_numpy() == pytest.approx(
            softmax(scores, axis=1).max(axis=1)
        )
    assert (~complete).sum() > 1000


def _log_density(rows, mean, covariance):
    from scipy.stats import multivariate_normal

    return multivariate_normal(mean, covariance).logpdf(rows)


# --- codes that last


def test_codes_keep_their_meaning_when_customers_come_and_ranks_change(run_dbt, tmp_path):
    """Two builds into one database: the first of most customers, the second of all, with the regular ones made rich."""
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = [
        "--customers",
        "3000",
        "--seed",
        "5",
        "--mean-contacts",
        "4",
        "--no-dirty-rows",
        "--truth-labels",
    ]
    simulate.main([*arguments, "--out", str(second)])
    shutil.copytree(second, first)
    customers = pd.read_csv(second / "customers.csv", dtype=str)
    known = set(customers.loc[customers.index % 4 != 0, "customer_id"])
    for path in first.glob("*.csv"):
        rows = pd.read_csv(path, dtype=str)
        if "customer_id" in rows:
            rows[rows["customer_id"].isin(known)].to_csv(path, index=False)
    labels = pd.read_csv(second / "truth_clusters.csv", dtype=str).set_index("customer_id")[
        "cluster"
    ]
    # closed customers have no balance, and take no part
    is_regular = (customers["customer_id"].map(labels) == "regular") & customers["closed_on"].isna()
    rich = customers["balance"].astype(float).where(~is_regular, lambda balance: balance * 40)
    customers.assign(balance=rich).to_csv(second / "customers.csv", index=False)

    wanted = {"select": ["+customer_clusters"], "env": MODELS, "cluster_maximum_count": 3}
    before = run_dbt(raw=first, **wanted)
    assert before.is_success, before.messages
    codes = clusters_of(before)
    match = "select cluster_number, cluster_code, former_cluster_code from intermediate.int_clusters_matched order by 1"
    assert before.rows(match) == [(1, "c1", None), (2, "c2", None), (3, "c3", None)]

    after = run_dbt(raw=second, into=before, **wanted)
    assert after.is_success, after.messages
    # the regular customers are now first by value, and still c2
    assert after.rows(match) == [(1, "c2", "c2"), (2, "c1", "c1"), (3, "c3", "c3")]
    now = clusters_of(after)
    kept = [now[customer] == code for customer, code in codes.items()]
    assert len(kept) == 2250 and np.mean(kept) > 0.95

    # the same rows again give the same codes
    again = run_dbt(raw=second, into=before, **wanted)
    assert again.rows(match) == after.rows(match)
    # and a full refresh forgets
    fresh = run_dbt("build", raw=second, into=before, full_refresh=True, **wanted)
    assert fresh.rows(match) == [(1, "c1", None), (2, "c2", None), (3, "c3", None)]


# --- the published tables


def test_published_clusters_of_customer_groups(bank_marketing):
    build = bank_marketing
    assert build.is_success, [message for message in build.messages if "rror" in message]
    published = build.rows(
        "select cluster_code, customers_count, average_age, average_monetary_amount, average_frequency_count, "
        "average_recency_days, is_small_cell, cluster_name from marts.cluster_profiles "
        "where cluster_set = 'bank_marketing_replication' order by 1"
    )
    printed = [
        (code, count, *(f"{value:.2f}" for value in values), is_small, name)
        for code, count, *values, is_small, name in published
    ]
    assert printed == [
        ("0", 368, "45.09", "14401.02", "12.73", "153.63", False, "Moderate value and disengaged"),
        ("1", 25, "43.40", "171375.64", "106.44", "77.28", True, "High value and engaged"),
        ("2", 5, "44.80", "545358.80", "236.40", "61.00", True, "Ultra-high value and loyal"),
    ]
    silhouette, davies_bouldin, smallest, is_selected, verdict = build.row(
        "select silhouette, davies_bouldin, smallest_cluster_count, is_selected, verdict "
        "from marts.cluster_selection where cluster_set = 'bank_marketing_replication'"
    )
    assert (f"{silhouette:.4f}", f"{davies_bouldin:.4f}") == ("0.8352", "0.3740")
    # a cluster of five is reported and not celebrated
    assert (smallest, is_selected) == (5, False)
    assert "smallest cluster has 5 customers" in verdict and "not used" in verdict
    scored = "intermediate.int_bank_marketing_groups_scored"
    for column, score, quartiles in (
        ("recency_days", "published_recency_score - 1", [78.25, 153.5, 209.0]),
        ("frequency_count", "4 - published_frequency_score", [2.0, 6.0, 17.5]),
        ("monetary_amount", "4 - published_monetary_score", [1616.0, 6082.0, 24440.25]),
    ):
        above = " + ".join(f"({column} > {quartile})::int" for quartile in quartiles)
        assert build.rows(f"select {column} from {scored} where {score} <> {above}") == []
    assert build.values(f"select published_label, count(*) from {scored} group by 1") == {
        "Best": 34, "Almost Lost": 2, "Lost": 21, "Lost Cheap": 29, "Loyal": 66, "Big Spenders": 21, "Others": 225,
    }  # fmt: skip
    numbers = build.values(f"select rfm_number, count(*) from {scored} group by 1")
    assert [numbers[number] for number in (111, 134, 344, 444)] == [34, 2, 21, 29]
    *counts, ratio, is_fan_out, is_expected = build.row(
        "select left_count, joined_count, amount_ratio, is_fan_out, is_expected from marts.quality_fan_out "
        "where join_name like 'published%'"
    )
    assert (counts, f"{ratio:.2f}", is_fan_out, is_expected) == ([1465, 8528], "5.53", True, True)


def test_clusters_of_the_cdnow_purchases(cdnow):
    build = cdnow
    assert build.is_success, build.messages
    method, count, silhouette, jaccard = build.row(
        "select method_code, cluster_count, silhouette, minimum_jaccard from marts.cluster_selection where is_selected"
    )
    assert (method, count, f"{silhouette:.3f}") == ("k_means", 3, "0.488")
    assert jaccard >= 0.9
    sizes = build.values(
        "select cluster_code, customers_count from marts.cluster_profiles order by 1"
    )
    assert list(sizes.values()) == [
        pytest.approx(size, rel=0.02) for size in sorted((1373, 677, 307))
    ]
