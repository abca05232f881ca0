"""The whole pipeline as an analyst writes it in a notebook: pandas, SciPy and scikit-learn, on clean Parquet inputs.

It has what the four studies had, and nothing of what clientele adds: no checks, quarantine, tests, confirmation in the
other half, history, strategies or publication. `run` reads a folder of bench/data and returns what a cell would show.
"""

import pathlib

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

OPENED = pd.Timestamp("2024-12-31")  # the window of a year before the as-of date
DIMENSIONS = ["age_band", "city", "gender", "product_count", "is_active"]
SEED = 0


def run(folder: pathlib.Path, as_of: str) -> dict[str, float]:
    as_of = pd.Timestamp(as_of)
    customers = (
        read(folder, "customers").dropna(subset="customer_id").drop_duplicates("customer_id")
    )
    customers["closed_on"] = customers["closed_on"].astype("datetime64[us]")
    customers["joined_on"] = customers["joined_on"].astype("datetime64[us]")
    contacts = events(folder, "interactions", as_of)
    purchases = events(folder, "transactions", as_of)
    table = customers.join(contacts.add_prefix("contact_"), on="customer_id")
    table = table.join(purchases.add_prefix("purchase_"), on="customer_id")
    table["balance"] = table["balance"].astype(float)
    found = {"champions": score_rfm(table, as_of), "clusters": cluster(table, as_of)}
    rates = churn_rates(table)
    found["highest_rate"] = rates["rate"].max()
    found["total_value"] = value_purchases(table, as_of)
    found["auc"] = score_churn(table)
    return found


def read(folder: pathlib.Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet", columns=columns)


def events(folder: pathlib.Path, name: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per customer: last and first day, number of events and of days with any, and their money."""
    columns = ["customer_id", "occurred_at"] + (["amount"] if name == "transactions" else [])
    rows = read(folder, name, columns)
    rows["day"] = rows.pop("occurred_at").astype("datetime64[us]").dt.normalize()
    rows = rows[rows["day"] <= as_of]
    rows["amount"] = rows["amount"].astype(float) if "amount" in rows else 0.0
    days = (
        rows.groupby(["customer_id", "day"], sort=False)["amount"]
        .agg(["sum", "size"])
        .reset_index()
    )
    return days.groupby("customer_id", sort=False).agg(
        last=("day", "max"), first=("day", "min"), days=("day", "size"), count=("size", "sum"), amount=("sum", "sum")
    )  # fmt: skip


def score_rfm(table: pd.DataFrame, as_of: pd.Timestamp) -> int:
    """Quintiles of recency, frequency and money of both schemes; how many are best in all three."""
    champions = 0
    for prefix, money in (("contact", "balance"), ("purchase", "purchase_amount")):
        recency = (as_of - table[f"{prefix}_last"]).dt.days
        scores = pd.DataFrame({
            "r": 6 - quintile(recency), "f": quintile(table[f"{prefix}_count"]), "m": quintile(table[money])
        })  # fmt: skip
        table[f"{prefix}_rfm"] = scores.sum(axis=1)
        champions += int((scores == 5).all(axis=1).sum())
    return champions


def quintile(values: pd.Series) -> pd.Series:
    return np.ceil(values.rank(pct=True, method="average") * 5)


def cluster(table: pd.DataFrame, as_of: pd.Timestamp, sample: int = 5_000) -> int:
    """k-means on five features, with the number of clusters of the best silhouette."""
    features = pd.DataFrame({
        "recency": (as_of - table["contact_last"]).dt.days, "count": np.log1p(table["contact_count"]),
        "spent": np.log1p(table["purchase_amount"].clip(lower=0)), "balance": np.sign(table["balance"])
        * np.log1p(table["balance"].abs()), "products": table["product_count"],
    }).astype(float)  # fmt: skip
    matrix = StandardScaler().fit_transform(features.fillna(features.median()))
    drawn = np.random.default_rng(SEED).choice(len(matrix), min(sample, len(matrix)), replace=False)
    best = max(
        range(2, 11),
        key=lambda k: silhouette_score(
            matrix[drawn], KMeans(k, n_init=10, random_state=SEED).fit_predict(matrix[drawn])
        ),
    )
    table["cluster"] = KMeans(best, n_init=10, random_state=SEED).fit(matrix[drawn]).predict(matrix)
    return best


def churn_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Rates of the last year with Wilson intervals, by each dimension and pair of dimensions."""
    at_risk = table[(table["joined_on"] <= OPENED) & ~(table["closed_on"] <= OPENED)].copy()
    at_risk["churned"] = at_risk["closed_on"].notna()
    at_risk["age_band"] = pd.cut(
        at_risk["age"].astype(float), [0, 26, 36, 46, 56, 66, 120], right=False
    )
    cuts = [[one] for one in DIMENSIONS]
    cuts += [[a, b] for i, a in enumerate(DIMENSIONS) for b in DIMENSIONS[i + 1 :]]
    parts = []
    for cut in cuts:
        counts = (
            at_risk.groupby(cut, observed=True)["churned"]
            .agg(["size", "sum"])
            .reset_index(drop=True)
        )
        n, k, z = counts["size"], counts["sum"], 1.959964
        middle = (k + z**2 / 2) / (n + z**2)
        half = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
        parts.append(pd.DataFrame({"rate": k / n, "lower": middle - half, "upper": middle + half}))
    return pd.concat(parts)


def value_purchases(table: pd.DataFrame, as_of: pd.Timestamp) -> float:
    """Money expected within a year: BG/NBD for the number of purchases, the average for their size."""
    buyers = table[table["purchase_days"] > 0]
    x = (buyers["purchase_days"] - 1).to_numpy(float)
    recency = (buyers["purchase_last"] - buyers["purchase_first"]).dt.days.to_numpy(float) / 7
    age = (as_of - buyers["purchase_first"]).dt.days.to_numpy(float) / 7
    histories, copies = np.unique(np.column_stack([x, recency, age]), axis=0, return_counts=True)

    def loss(logs: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logs)
        n, t, T = histories.T
        common = gammaln(r + n) - gammaln(r) + r * np.log(alpha)
        alive = betaln(a, b + n) - betaln(a, b) - (r + n) * np.log(alpha + T)
        with np.errstate(divide="ignore"):
            gone = np.where(
                n > 0,
                betaln(a + 1, b + n - 1) - betaln(a, b) - (r + n) * np.log(alpha + t),
                -np.inf,
            )
        return -(copies @ (common + np.logaddexp(alive, gone))) / copies.sum()

    r, alpha, a, b = np.exp(minimize(loss, np.zeros(4), method="L-BFGS-B").x)
    alive = 1 / (
        1
        + np.where(
            x > 0,
            a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + recency)) ** (r + x),
            0,
        )
    )
    rate = (r + x) / (alpha + age) * alive
    size = buyers["purchase_amount"].to_numpy(float) / buyers["purchase_days"].to_numpy(float)
    return float((rate * 52 * size).sum())


def score_churn(table: pd.DataFrame) -> float:
    """Boosted trees on what was known, cross-validated; the area under the curve."""
    from sklearn.metrics import roc_auc_score

    at_risk = table[(table["joined_on"] <= OPENED) & ~(table["closed_on"] <= OPENED)]
    churned = at_risk["closed_on"].notna().to_numpy()
    numbers = ["product_count", "credit_score", "estimated_salary", "property_count"]
    features = at_risk[numbers].astype(float).assign(
        tenure=(OPENED - at_risk["joined_on"]).dt.days,
        city=at_risk["city"].astype("category").cat.codes,
        job=at_risk["job"].astype("category").cat.codes,
    )  # fmt: skip
    model = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=8, random_state=SEED)
    probability = cross_val_predict(model, features, churned, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(churned, probability))
