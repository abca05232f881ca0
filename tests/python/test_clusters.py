"""Clusters: planted ones are found, chance is not, and the parameters say what scikit-learn's predict says."""

import numpy as np
import pandas as pd
import pytest
from customer_science.clusters import (
    CANDIDATE_TYPES,
    COVARIANCE_FLOOR,
    MEASURES,
    METHODS,
    PARAMETER_TYPES,
    REFERENCES,
    Clustering,
    ClusterSettings,
    bootstrap_jaccards,
    find_clusters,
    mean_silhouettes,
    structureless,
)
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture

SETTINGS = ClusterSettings(
    maximum_count=4,
    minimum_share=0.02,
    minimum_size=30,
    minimum_jaccard=0.85,
    minimum_gap=0.09,
    random_seed=1,
)
CENTRES = np.array([[5.2, 0.8, 11.0], [3.7, 1.6, 12.8], [2.0, 2.7, 14.5]])


def frame(matrix):
    keys = [f"{number:06}" for number in range(len(matrix))]
    return pd.DataFrame(matrix, columns=list(MEASURES)).assign(customer_id=keys)


def blobs(sizes, spread=0.35, seed=1):
    """Customers around the centres, and the centre of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return CENTRES[truth] + rng.normal(0, spread, (len(truth), 3)), truth


def candidates(found):
    return (
        found[list(CANDIDATE_TYPES)].drop_duplicates().set_index(["method_code", "cluster_count"])
    )


def selected(found):
    (key,) = candidates(found).query("is_selected").index
    return key


def placed(found, method, count, matrix, pattern="all"):
    """Cluster numbers and scores by the parameters, computed the long way."""
    rows = found[
        (found["method_code"] == method)
        & (found["cluster_count"] == count)
        & (found["known_measures"] == pattern)
    ]
    scores = []
    for _, cluster in rows.groupby("cluster_number"):
        cluster = cluster.set_index("measure").loc[list(MEASURES)]
        mean, scale, centroid = (
            cluster[name].to_numpy() for name in ("measure_mean", "measure_scale", "centroid")
        )
        precision = cluster[[f"precision_{measure}" for measure in MEASURES]].to_numpy()
        deviation = (matrix - mean) / scale - centroid
        distance = np.einsum("ij,jk,ik->i", deviation, precision, deviation)
        scores.append(cluster["score_offset"].iloc[0] - distance / 2)
    scores = np.column_stack(scores)
    return 1 + scores.argmax(axis=1), scores


@pytest.fixture(scope="module")
def planted():
    matrix, truth = blobs((1600, 320, 80))
    return matrix, truth, find_clusters(frame(matrix), SETTINGS)


# --- what is there is found, and nothing else


def test_three_planted_clusters_are_found_and_numbered_by_value(planted):
    matrix, truth, found = planted
    method, count = selected(found)
    numbers, _ = placed(found, method, count, matrix)
    assert count == 3
    assert adjusted_rand_score(truth, numbers) > 0.98
    # the last centre has most money
    means = [matrix[numbers == number, 2].mean() for number in (1, 2, 3)]
    assert means == sorted(means, reverse=True)


def discrete(rng, size):
    """Purchase histories of one population: rates vary from customer to customer, and counts are small."""
    rate = rng.gamma(0.8, 3, size)
    count = 1 + rng.poisson(rate)
    return np.log1p(
        np.column_stack(
            [rng.exponential(200 / (1 + rate)), count, rng.lognormal(4, 1, size) * count]
        )
    )


STRUCTURELESS = {
    "round": lambda rng, size: rng.normal(size=(size, 3)),
    "correlated": lambda rng, size: rng.multivariate_normal(
        [0, 0, 0], [[1, -0.8, 0.5], [-0.8, 1, -0.6], [0.5, -0.6, 1]], size
    ),
    "uniform": lambda rng, size: rng.uniform(size=(size, 3)),
    "skewed": lambda rng, size: rng.exponential(size=(size, 3)),
    "discrete": discrete,
}


@pytest.mark.parametrize("kind", STRUCTURELESS)
def test_data_without_structure_show_none(kind):
    found = find_clusters(frame(STRUCTURELESS[kind](np.random.default_rng(3), 1500)), SETTINGS)
    assert selected(found) == ("none", 1)
    verdicts = candidates(found)["verdict"]
    assert verdicts["none", 1] == "no cluster structure, use rules"
    assert found[found["method_code"] == "none"][list(PARAMETER_TYPES)].isna().all(axis=None)
    assert all(verdict.startswith(("not stable", "no more structure")) for verdict in verdicts[:-1])


def test_a_cluster_of_five_customers_is_reported_and_not_used():
    matrix, _ = blobs((1500, 0, 5), spread=0.2)
    found = find_clusters(frame(matrix), SETTINGS)
    two = candidates(found).loc["k_means", 2]
    assert two["smallest_cluster_count"] == 5
    assert two["silhouette"] > 0.8  # however good it looks
    assert two["verdict"] == "smallest cluster has 5 customers, fewer than 31: reported, not used"
    assert selected(found)[0] == "none"


def test_order_of_rows_changes_nothing(planted):
    matrix, _, found = planted
    shuffled = frame(matrix).sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(find_clusters(shuffled, SETTINGS), found)


# --- the parameters


@pytest.mark.parametrize("count", [2, 3, 4])
def test_k_means_parameters_predict_as_scikit_learn_does(planted, count):
    matrix, _, found = planted
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    model = KMeans(count, n_init=10, random_state=SETTINGS.random_seed).fit(scaled)
    everywhere = np.random.default_rng(2).uniform(scaled.min(), scaled.max(), (2000, 3))
    numbers, scores = placed(
        found, "k_means", count, everywhere * matrix.std(axis=0) + matrix.mean(axis=0)
    )
    labels = model.predict(everywhere)
    assert len(set(zip(labels, numbers, strict=True))) == count
    distances = np.sort(model.transform(everywhere), axis=1)
    assert np.sort(np.sqrt(-2 * scores), axis=1) == pytest.approx(distances, rel=1e-9)


@pytest.mark.parametrize("count", [2, 4])
def test_mixture_parameters_predict_as_scikit_learn_does(planted, count):
    matrix, _, found = planted
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    k_means = KMeans(count, n_init=10, random_state=SETTINGS.random_seed).fit(scaled)
    parts = [scaled[k_means.labels_ == label] for label in range(count)]
    floor = COVARIANCE_FLOOR * np.eye(3)
    model = GaussianMixture(
        count,
        weights_init=[len(part) / len(scaled) for part in parts],
        means_init=[part.mean(axis=0) for part in parts],
        precisions_init=[np.linalg.inv(np.cov(part.T, bias=True) + floor) for part in parts],
        reg_covar=COVARIANCE_FLOOR,
        max_iter=500,
    ).fit(scaled)
    everywhere = np.random.default_rng(2).uniform(scaled.min(), scaled.max(), (2000, 3))
    back = everywhere * matrix.std(axis=0) + matrix.mean(axis=0)
    numbers, scores = placed(found, "gaussian_mixture", count, back)
    assert len(set(zip(model.predict(everywhere), numbers, strict=True))) == count
    probabilities = np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])
    expected = np.sort(model.predict_proba(everywhere), axis=1)
    assert np.sort(probabilities, axis=1) == pytest.approx(expected, abs=1e-9)
    # without money: the density of recency and frequency alone
    _, scores = placed(found, "gaussian_mixture", count, back, "without_monetary")
    marginal = [
        np.log(weight)
        + stats.multivariate_normal(mean[:2], covariance[:2, :2]).logpdf(everywhere[:, :2])
        for weight, mean, covariance in zip(
            model.weights_, model.means_, model.covariances_, strict=True
        )
    ]
    assert np.sort(scores, axis=1) == pytest.approx(np.sort(marginal, axis=0).T, rel=1e-9)


# --- the metrics


def test_silhouette_and_davies_bouldin_are_scikit_learns(planted):
    matrix, _, found = planted
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    for method in METHODS:
        numbers, _ = placed(found, method, 3, matrix)
        row = candidates(found).loc[method, 3]
        assert row["silhouette"] == pytest.approx(silhouette_score(scaled, numbers))
        assert row["davies_bouldin"] == pytest.approx(davies_bouldin_score(scaled, numbers))
        assert row["smallest_cluster_count"] == np.bincount(numbers)[1:].min()


def test_a_silhouette_knows_single_rows_and_single_clusters():
    matrix = np.random.default_rng(4).normal(size=(40, 2))
    labels = np.repeat([0, 2, 3], [25, 14, 1])
    found = mean_silhouettes(matrix, [labels, np.full(40, 1)])
    assert found == pytest.approx([silhouette_score(matrix, labels), 0])


def test_only_stable_candidates_are_compared_with_structureless_data(planted):
    found = find_clusters(frame(planted[0]), SETTINGS._replace(maximum_count=6))
    rows = candidates(found).drop(("none", 1))
    is_stable = rows["minimum_jaccard"] >= SETTINGS.minimum_jaccard
    assert set(is_stable) == {True, False}
    for column in ("null_silhouette", "silhouette_gap"):
        assert (rows[column].notna() == is_stable).all()
    gap = rows["silhouette"] - rows["null_silhouette"]
    pd.testing.assert_series_equal(rows["silhouette_gap"], gap, check_names=False)


def test_the_jaccard_index_of_a_cluster_is_with_its_likeness():
    class Refitted:
        """A model that has moved one of four rows to the other cluster, which it numbers otherwise."""

        def predict(self, matrix):
            return np.array([1, 1, 1, 0, 0, 0, 0, 0])

    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    matrix = np.arange(8.0)[:, None]
    clustering = Clustering("any", 3, Refitted(), lambda rows, k_means: Refitted())
    (found,) = bootstrap_jaccards(matrix, [labels], [clustering], [matrix] * 3, seed=1)
    assert found == pytest.approx([3 / 4, 4 / 5, 0])


def test_structureless_data_keep_what_they_should_and_lose_the_clusters():
    matrix, truth = blobs((1000, 0, 1000))
    drawn = {
        kind: structureless(matrix, kind, 20_000, np.random.default_rng(1)) for kind in REFERENCES
    }
    covariance = np.cov(matrix, rowvar=False)
    assert np.cov(drawn["normal"], rowvar=False) == pytest.approx(covariance, rel=0.05)
    assert drawn["normal"].mean(axis=0) == pytest.approx(matrix.mean(axis=0), rel=0.02)
    for column, original in zip(drawn["independent"].T, matrix.T, strict=True):
        assert set(column) <= set(original)
        assert stats.ks_2samp(column, original).statistic < 0.02
    assert abs(np.corrcoef(drawn["independent"], rowvar=False)[0, 1]) < 0.03
    axis = np.linalg.svd(matrix - matrix.mean(axis=0), full_matrices=False)[2][0]
    along = (matrix @ axis).min(), np.ptp(matrix @ axis)
    assert stats.kstest(drawn["uniform"] @ axis, "uniform", along).pvalue > 0.01
    # hardly a customer stood between the two clusters
    middle = (matrix @ axis).min() + np.ptp(matrix @ axis) / 2
    for kind in ("normal", "uniform"):
        assert (np.abs(drawn[kind] @ axis - middle) < 0.5).mean() > 0.1
    assert (np.abs(matrix @ axis - middle) < 0.5).mean() < 0.01


# --- what little data there may be


def test_a_handful_of_customers_has_no_clusters():
    for matrix in (np.empty((0, 3)), blobs((20, 10, 10))[0]):
        found = find_clusters(frame(matrix), SETTINGS)
        assert len(found) == 1 and selected(found) == ("none", 1)
        assert found["verdict"].item() == "too few customers of whom enough is known, use rules"
        assert list(found.columns) == [*CANDIDATE_TYPES, *PARAMETER_TYPES]


@pytest.mark.parametrize("money", [np.nan, 7.0])
def test_money_that_is_not_known_or_does_not_vary_takes_no_part(money):
    matrix, truth = blobs((1200, 300, 100), spread=0.2)
    matrix[:, 2] = money
    found = find_clusters(frame(matrix), SETTINGS)
    method, count = selected(found)
    assert count == 3
    assert (found["precision_monetary"].dropna() == 0).all()
    numbers, _ = placed(found, method, count, np.nan_to_num(matrix))
    assert adjusted_rand_score(truth, numbers) > 0.95
    # without money the most frequent come first
    assert matrix[numbers == 1, 1].mean() > matrix[numbers == 3, 1].mean()


def test_customers_whose_money_is_unknown_teach_nothing_and_count_nowhere(planted):
    matrix, _, found = planted
    blind = frame(matrix).assign(
        monetary=np.nan, customer_id=lambda rows: "x" + rows["customer_id"]
    )
    blind[["recency", "frequency"]] += 100
    more = pd.concat([frame(matrix), blind.head(500)])
    pd.testing.assert_frame_equal(find_clusters(more, SETTINGS), found)
