"""Clusters of customers by recency, frequency and money, and how far to trust them: pure functions of pandas frames.

Sources: Lloyd (1982) and Arthur and Vassilvitskii (2007) for k-means; McLachlan and Peel (2000) for Gaussian mixtures;
Rousseeuw (1987) for the silhouette and Davies and Bouldin (1979) for their index; Hennig (2007) for stability as the
Jaccard index of a cluster with its likeness in bootstrap samples; Tibshirani, Walther and Hastie (2001) for comparing
a clustering with that of data without clusters, which are drawn in three ways: as they do, from the box along the
principal axes; as Liu, Hayes, Nobel and Marron (2008) do, from one normal distribution; and column by column.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from customer_science.settings import RANDOM_SEED

MEASURES = ("recency", "frequency", "monetary")
# pattern -> the measures that a customer of this pattern has; money may be unknown
PATTERNS = {"all": MEASURES, "without_monetary": ("recency", "frequency")}
METHODS = ("k_means", "gaussian_mixture")
REFERENCES = ("normal", "uniform", "independent")
SMALLEST_SAMPLE = 100  # complete customers; fewer show no structure that would last
COVARIANCE_FLOOR = (
    0.01  # in standardised units: a value that many share must not become a component of width zero
)
K_MEANS_STARTS = 20
REFIT_STARTS = 10  # of bootstrap and structureless samples, which are many
EVALUATION_SIZE = 2500  # customers on whom candidates are judged
BOOTSTRAP_COUNT = 20  # samples of them
NULL_COUNT = 4  # samples of each kind of structureless data
NULL_SIZE = 1200  # rows of each

CANDIDATE_TYPES = {
    "method_code": "str",
    "cluster_count": "int64",
    "sampled_count": "int64",
    "silhouette": "float64",
    "davies_bouldin": "float64",
    "smallest_cluster_count": "float64",
    "minimum_jaccard": "float64",
    "mean_jaccard": "float64",
    "null_silhouette": "float64",
    "silhouette_gap": "float64",
    "is_selected": "bool",
    "verdict": "str",
}
PARAMETER_TYPES = {
    "cluster_number": "float64",
    "known_measures": "str",
    "measure": "str",
    "measure_mean": "float64",
    "measure_scale": "float64",
    "centroid": "float64",
    **{f"precision_{measure}": "float64" for measure in MEASURES},
    "score_offset": "float64",
}


class ClusterSettings(NamedTuple):
    """What clusters have to be: at most `maximum_count`; each of `minimum_share` of the customers and `minimum_size` of
    them; found again in bootstrap samples with a mean Jaccard index of `minimum_jaccard`; with a silhouette that is
    `minimum_gap` above that of structureless data. Samples come from `random_seed`."""

    minimum_size: int
    maximum_count: int = 6
    minimum_share: float = 0.02
    minimum_jaccard: float = 0.85
    minimum_gap: float = 0.09
    random_seed: int = RANDOM_SEED


KMeansOf = Callable[[int], KMeans]  # number of clusters -> k-means of some rows


class Clustering(NamedTuple):
    """A fitted method: `model` predicts rows, and `refit(rows, k_means_of_them)` fits the like to others."""

    method_code: str
    cluster_count: int
    model: KMeans | GaussianMixture
    refit: Callable[[np.ndarray, KMeansOf], KMeans | GaussianMixture]


def find_clusters(customers: pd.DataFrame, settings: ClusterSettings) -> pd.DataFrame:
    """Fits every candidate, measures it, and says which one, if any, deserves to be used.

    `customers` has one row per customer of the sample: customer_id and recency, frequency, monetary on the scale on
    which they are clustered (logarithms), NaN where unknown. Clusters are fitted on customers of whom all is known; a
    measure that is known of hardly anybody, or does not vary, takes no part. Candidates are k-means and Gaussian
    mixtures of 2 to `maximum_count` clusters on standardised measures, and `none`.

    Of the candidates that are all this, the one with most clusters is selected (of two, the one with the higher
    silhouette), and `none` where there is none. Returns one row per candidate, cluster, pattern of known measures and
    measure, with CANDIDATE_TYPES and PARAMETER_TYPES (the latter null for `none`), the same whatever the order of rows.
    Clusters are numbered by the mean of their money, or frequency where money takes no part, from the highest.

    With d = (value - measure_mean) / measure_scale - centroid and P the precisions, a customer belongs to the cluster
    with the highest score_offset - d'Pd / 2 over the pattern's measures: the nearest centroid for k-means, the highest
    log density for a mixture. It is what scikit-learn's `predict` says, and the marginal density without money.
    """
    rows = customers.sort_values("customer_id", ignore_index=True)
    values = rows[list(MEASURES)].to_numpy("float64", na_value=np.nan)
    used = _used_measures(values)
    complete = values[~np.isnan(values[:, used]).any(axis=1)][:, used]
    fitted, measured, selected = [], [], None
    if used and len(complete) >= SMALLEST_SAMPLE:
        mean, scale = complete.mean(axis=0), complete.std(axis=0)
        matrix = (complete - mean) / scale
        # one thread: sums are added in one order
        with threadpool_limits(1):
            fitted = _fit_candidates(matrix, settings)
            measured = measure_clusterings(matrix, fitted, settings)
        selected = _selected(fitted, measured)
    frames = []
    for one, metrics in zip(fitted, measured, strict=True):
        is_selected = one is selected
        row = {
            "method_code": one.method_code,
            "cluster_count": one.cluster_count,
            **metrics,
            "is_selected": is_selected,
            "verdict": _verdict(metrics, is_selected),
        }
        ranks = value_ranks(one.model.predict(matrix), one.cluster_count, _amounts(complete[:, -1]))
        frames.append(_parameters(one.model, ranks, mean, scale, used).assign(**row))
    none = {
        "method_code": "none",
        "cluster_count": 1,
        "sampled_count": len(complete),
        "is_selected": selected is None,
        "verdict": _verdict_of_none(fitted, selected),
    }
    types = CANDIDATE_TYPES | PARAMETER_TYPES
    frames.append(pd.DataFrame([none]).reindex(columns=list(types)))
    return pd.concat([frame[list(types)].astype(types) for frame in frames], ignore_index=True)


def measure_clusterings(
    matrix: np.ndarray,
    clusterings: list[Clustering],
    settings: ClusterSettings,
    compares_unstable: bool = False,
) -> list[dict]:
    """The metrics of each clustering of the rows of `matrix` (n x d), all judged on the same rows and samples: those of
    CANDIDATE_TYPES, and `rejection`, the sentence that says why it is not to be used, or None. Clusterings that
    are not stable are compared with structureless data only if `compares_unstable`."""
    rng = np.random.default_rng(settings.random_seed)
    judged = matrix[np.sort(rng.permutation(len(matrix))[:EVALUATION_SIZE])]
    samples = [judged[rng.choice(len(judged), len(judged))] for _ in range(BOOTSTRAP_COUNT)]
    labels = [one.model.predict(judged) for one in clusterings]
    jaccards = bootstrap_jaccards(judged, labels, clusterings, samples, settings.random_seed)
    silhouettes = mean_silhouettes(judged, labels)
    measured = []
    for one, jaccard, silhouette in zip(clusterings, jaccards, silhouettes, strict=True):
        everybody = one.model.predict(matrix)
        is_parted = len(np.unique(everybody)) > 1
        measured.append(
            {
                "sampled_count": len(matrix),
                "silhouette": silhouette,
                "davies_bouldin": davies_bouldin_score(matrix, everybody) if is_parted else np.nan,
                "smallest_cluster_count": np.bincount(everybody, minlength=one.cluster_count).min(),
                "minimum_jaccard": jaccard.min(),
                "mean_jaccard": jaccard.mean(),
                "null_silhouette": np.nan,
                "silhouette_gap": np.nan,
            }
        )
    compared = [
        i
        for i, metrics in enumerate(measured)
        if compares_unstable or metrics["minimum_jaccard"] >= settings.minimum_jaccard
    ]
    nulls = _null_silhouettes(judged, [clusterings[i] for i in compared], settings.random_seed, rng)
    for i, null_silhouette in zip(compared, nulls, strict=True):
        measured[i]["null_silhouette"] = null_silhouette
        measured[i]["silhouette_gap"] = measured[i]["silhouette"] - null_silhouette
    return [metrics | {"rejection": _rejection(metrics, settings)} for metrics in measured]


def value_ranks(labels: np.ndarray, count: int, amounts: np.ndarray) -> np.ndarray:
    """The number of each label from 0 to `count` - 1 in the order of its rows' mean amount, 1 for the highest."""
    sizes = np.maximum(np.bincount(labels, minlength=count), 1)
    ranks = np.empty(count, int)
    ranks[np.argsort(-np.bincount(labels, amounts, count) / sizes, kind="stable")] = np.arange(
        1, count + 1
    )
    return ranks


def structureless(
    matrix: np.ndarray, reference: str, size: int, rng: np.random.Generator
) -> np.ndarray:
    """`size` rows that are like `matrix` (n x d) and have no clusters.

    `reference` is one of REFERENCES: `normal` keeps means and covariances; `uniform` fills the box along the principal
    axes; `independent` keeps the distribution of each column and nothing of what ties them."""
    if reference == "independent":
        return np.column_stack([rng.choice(column, size) for column in matrix.T])
    centred = matrix - matrix.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    if reference == "normal":
        drawn = rng.normal(size=(size, len(axes))) * lengths / np.sqrt(len(matrix))
    else:
        along = centred @ axes.T
        drawn = rng.uniform(along.min(axis=0), along.max(axis=0), (size, len(axes)))
    return matrix.mean(axis=0) + drawn @ axes


def bootstrap_jaccards(
    matrix: np.ndarray,
    labels: list[np.ndarray],
    clusterings: list[Clustering],
    samples: list[np.ndarray],
    seed: int,
) -> list[np.ndarray]:
    """Mean over bootstrap samples (rows) of each cluster's largest Jaccard index with a cluster of the refit.

    `labels` are those that each clustering gives the rows of `matrix`. Returns one mean per cluster of each clustering;
    a cluster without a row has 0."""
    found = [np.zeros(one.cluster_count) for one in clusterings]
    for sample in samples:
        k_means = _k_means(sample, REFIT_STARTS, seed)
        for one, fitted, total in zip(clusterings, labels, found, strict=True):
            refitted = one.refit(sample, k_means).predict(matrix)
            shared = np.zeros((one.cluster_count, refitted.max() + 1))
            np.add.at(shared, (fitted, refitted), 1)
            either = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None, :] - shared
            total += (shared / np.maximum(either, 1)).max(axis=1)
    return [total / len(samples) for total in found]


def mean_silhouettes(matrix: np.ndarray, labels: list[np.ndarray]) -> list[float]:
    """Mean silhouette of the rows of `matrix` (n x d) by each of several labellings of them; 0, as for a row alone in a
    cluster, where there is one cluster only."""
    distances = cdist(matrix, matrix)
    return [_silhouette(distances, one) for one in labels]


def _used_measures(values: np.ndarray) -> list[int]:
    """Positions of the measures that take part: money only where most customers' is known, none that does not vary."""
    positions = []
    for position, measure in enumerate(MEASURES):
        known = values[~np.isnan(values[:, position]), position]
        is_known = measure != "monetary" or 2 * len(known) > len(values)
        if is_known and len(known) and known.min() < known.max():
            positions.append(position)
    return positions


def _k_means(matrix: np.ndarray, starts: int, seed: int) -> KMeansOf:
    """K-means of the rows with any number of clusters, fitted once for both methods."""
    return cache(lambda count: KMeans(count, n_init=starts, random_state=seed).fit(matrix))


def _fit(
    method: str, count: int, matrix: np.ndarray, k_means: KMeansOf
) -> KMeans | GaussianMixture:
    if method == "k_means":
        return k_means(count)
    # from the clusters of k-means one start is as good as many
    labels, floor = k_means(count).labels_, COVARIANCE_FLOOR * np.eye(matrix.shape[1])
    parts = [matrix[labels == label] for label in range(count)]
    mixture = GaussianMixture(
        count,
        weights_init=[len(part) / len(matrix) for part in parts],
        means_init=[part.mean(axis=0) for part in parts],
        precisions_init=[np.linalg.inv(np.cov(part.T, bias=True) + floor) for part in parts],
        reg_covar=COVARIANCE_FLOOR,
        max_iter=500,
    )
    return mixture.fit(matrix)


def _fit_candidates(matrix: np.ndarray, settings: ClusterSettings) -> list[Clustering]:
    """Every method with every number of clusters, in the order of that number."""
    largest = min(settings.maximum_count, len(np.unique(matrix, axis=0)) - 1)
    k_means = _k_means(matrix, K_MEANS_STARTS, settings.random_seed)
    fitted = []
    for method in METHODS:
        for count in range(2, largest + 1):
            refit = partial(_fit, method, count)
            fitted.append(Clustering(method, count, refit(matrix, k_means), refit))
    return fitted


def _null_silhouettes(
    judged: np.ndarray, clusterings: list[Clustering], seed: int, rng: np.random.Generator
) -> np.ndarray:
    """Mean silhouette of each clustering's like on structureless samples, of the reference where it is highest."""
    size = min(len(judged), NULL_SIZE)
    silhouettes = np.zeros((len(REFERENCES), len(clusterings)))
    for reference_silhouettes, reference in zip(silhouettes, REFERENCES, strict=True):
        for _ in range(NULL_COUNT):
            sample = structureless(judged, reference, size, rng)
            k_means = _k_means(sample, REFIT_STARTS, seed)
            labels = [one.refit(sample, k_means).predict(sample) for one in clusterings]
            reference_silhouettes += mean_silhouettes(sample, labels)
    return silhouettes.max(axis=0) / NULL_COUNT


def _silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    if len(np.unique(labels)) == 1:
        return 0.0
    return float(silhouette_score(distances, labels, metric="precomputed"))


def _rejection(metrics: dict, settings: ClusterSettings) -> str | None:
    smallest = int(metrics["smallest_cluster_count"])
    least = max(settings.minimum_size, math.ceil(settings.minimum_share * metrics["sampled_count"]))
    if smallest < least:
        return f"smallest cluster has {smallest} customers, fewer than {least}: reported, not used"
    if metrics["minimum_jaccard"] < settings.minimum_jaccard:
        return f"not stable: a cluster is found again with a Jaccard index of {metrics['minimum_jaccard']:.2f}"
    if metrics["silhouette_gap"] < settings.minimum_gap:
        return (
            f"no more structure than chance: silhouette {metrics['silhouette']:.3f}, "
            f"structureless data {metrics['null_silhouette']:.3f}"
        )
    return None


def _selected(fitted: list[Clustering], measured: list[dict]) -> Clustering | None:
    """The accepted candidate with most clusters; of two, the one with the higher silhouette."""
    accepted = [
        (one.cluster_count, metrics["silhouette"], -position)
        for position, (one, metrics) in enumerate(zip(fitted, measured, strict=True))
        if metrics["rejection"] is None
    ]
    return fitted[-max(accepted)[2]] if accepted else None


def _verdict(metrics: dict, is_selected: bool) -> str:
    if is_selected:
        return "selected"
    return metrics["rejection"] or "stable, but a better candidate is selected"


def _verdict_of_none(fitted: list[Clustering], selected: Clustering | None) -> str:
    if selected is not None:
        return "clusters were found"
    if fitted:
        return "no cluster structure, use rules"
    return "too few customers of whom enough is known, use rules"


def _amounts(logarithms: np.ndarray) -> np.ndarray:
    return np.expm1(np.abs(logarithms)) * np.sign(logarithms)


def _parameters(
    model: KMeans | GaussianMixture,
    ranks: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    used: list[int],
) -> pd.DataFrame:
    """What assigns a customer: one row per cluster, pattern and measure with PARAMETER_TYPES. A measure that takes no
    part, or that the pattern lacks, has precision 0."""
    rows = []
    for pattern, known in PATTERNS.items():
        part = [i for i, position in enumerate(used) if MEASURES[position] in known]
        named = [MEASURES[used[i]] for i in part]
        for label, (number, precision, offset) in enumerate(
            zip(ranks, *_precisions(model, part), strict=True)
        ):
            for position, measure in enumerate(MEASURES):
                i = used.index(position) if position in used else None
                precisions = dict.fromkeys(MEASURES, 0.0)
                if i in part:
                    precisions |= dict(zip(named, precision[part.index(i)], strict=True))
                rows.append(
                    {
                        "cluster_number": number,
                        "known_measures": pattern,
                        "measure": measure,
                        "measure_mean": 0.0 if i is None else mean[i],
                        "measure_scale": 1.0 if i is None else scale[i],
                        "centroid": 0.0 if i is None else _centroids(model)[label, i],
                        **{f"precision_{name}": value for name, value in precisions.items()},
                        "score_offset": offset,
                    }
                )
    return pd.DataFrame(rows)


def _centroids(model: KMeans | GaussianMixture) -> np.ndarray:
    return model.cluster_centers_ if isinstance(model, KMeans) else model.means_


def _precisions(
    model: KMeans | GaussianMixture, part: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Precision matrix and score offset of each cluster over some of the used measures."""
    count, size = len(_centroids(model)), len(part)
    if isinstance(model, KMeans):
        return np.tile(np.eye(size), (count, 1, 1)), np.zeros(count)
    covariances = model.covariances_[:, part][:, :, part]
    _, log_determinants = np.linalg.slogdet(covariances)
    offsets = np.log(model.weights_) - (log_determinants + size * np.log(2 * np.pi)) / 2
    return np.linalg.inv(covariances), offsets
