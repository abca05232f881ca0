"""The clusters of the published RFM study of a bank's customer groups, made again: a pure function of a pandas frame.

The recipe is the study's: a Gaussian mixture of three components with one covariance, on measures that are not scaled,
codes and scores among them. It is kept to reproduce the published table, and judged as every clustering is.
"""

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from customer_science.clusters import (
    CANDIDATE_TYPES,
    Clustering,
    ClusterSettings,
    measure_clusterings,
    value_ranks,
)

COLUMNS = (
    "age",
    "job_number",
    "marital_status_number",
    "recency_days",
    "monetary_amount",
    "frequency_count",
    "published_recency_score",
    "published_frequency_score",
    "published_monetary_score",
    "rfm_number",
)
CLUSTER_COUNT = 3
PUBLISHED_SEED = 42
GROUP_TYPES = {"group_id": "str", "cluster_code": "str", **CANDIDATE_TYPES}


def cluster_groups(groups: pd.DataFrame, settings: ClusterSettings) -> pd.DataFrame:
    """The published clusters of the customer groups: one row per group with GROUP_TYPES, the metrics repeated.

    `groups` has one row per group: age, job, marital_status, group_id and the COLUMNS. Codes run from 0 in the order of
    the groups' mean amount, as the study numbers them. Returns no rows for fewer groups than clusters."""
    rows = groups.sort_values(["age", "job", "marital_status"], ignore_index=True)
    if len(rows) <= CLUSTER_COUNT:
        return pd.DataFrame(columns=list(GROUP_TYPES)).astype(GROUP_TYPES)
    matrix = rows[list(COLUMNS)].to_numpy("float64")
    with threadpool_limits(1):
        published = Clustering(
            "gaussian_mixture_tied", CLUSTER_COUNT, _fit(matrix), lambda rows, k_means: _fit(rows)
        )
        labels = published.model.predict(matrix)
        (metrics,) = measure_clusterings(matrix, [published], settings, compares_unstable=True)
    ranks = value_ranks(labels, CLUSTER_COUNT, rows["monetary_amount"].to_numpy("float64"))
    return pd.DataFrame(
        {
            "group_id": rows["group_id"],
            "cluster_code": (CLUSTER_COUNT - ranks[labels]).astype(str),
            "method_code": published.method_code,
            "cluster_count": CLUSTER_COUNT,
            **metrics,
            "is_selected": False,
            "verdict": f"published; {metrics['rejection'] or 'stable'}",
        }
    )[list(GROUP_TYPES)].astype(GROUP_TYPES)


def _fit(matrix: np.ndarray) -> GaussianMixture:
    mixture = GaussianMixture(CLUSTER_COUNT, covariance_type="tied", random_state=PUBLISHED_SEED)
    return mixture.fit(matrix)
