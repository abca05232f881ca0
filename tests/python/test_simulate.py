"""The simulator: same arguments, same bytes; and what was planted can be found again."""

import csv
import filecmp
import json
import math
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest
from customer_science import simulate
from scipy.special import hyp2f1
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
AS_OF = pd.Timestamp("2025-12-31")
ALL_RULES = {
    "unbalanced_quote",
    "wrong_field_count",
    "missing_key",
    "missing_value",
    "unparseable_value",
    "out_of_range",
    "formula_like_text",
    "inconsistent_dates",
    "duplicate_key",
    "unknown_customer",
}


def run(out, *arguments):
    simulate.main([*map(str, arguments), "--out", str(out)])
    return json.loads((out / "truth.json").read_text(encoding="utf-8"))


def file_names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_folders_equal(left, right):
    assert file_names(left) == file_names(right)
    for name in file_names(left):
        assert filecmp.cmp(left / name, right / name, shallow=False), f"{name} differs"


def wilson(successes, count, z=1.959964):
    rate = successes / count
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(rate * (1 - rate) / count + (z / count) ** 2 / 4)
    return middle - half, middle + half


class Clean:
    """A clean Parquet run, its tables as data frames."""

    def __init__(self, folder):
        self.folder = folder
        self.truth = run(
            folder,
            *("--customers", 30_000, "--seed", 7, "--format", "parquet"),
            *("--no-dirty-rows", "--truth-labels"),
        )
        self.tables = {}

    def __getattr__(self, entity):
        if entity not in self.tables:
            path = self.folder / f"{entity}.parquet"
            self.tables[entity] = pyarrow.parquet.read_table(path).to_pandas()
        return self.tables[entity]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return Clean(tmp_path_factory.mktemp("clean"))


# --- same arguments, same bytes


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_two_runs_give_the_same_bytes(tmp_path, file_format):
    arguments = ("--customers", 700, "--seed", 11, "--format", file_format, "--truth-labels")
    run(tmp_path / "one", *arguments)
    run(tmp_path / "two", *arguments)
    assert len(file_names(tmp_path / "one")) == 8
    assert_folders_equal(tmp_path / "one", tmp_path / "two")


def test_another_seed_gives_other_customers(tmp_path):
    run(tmp_path / "one", "--customers", 50, "--seed", 1)
    run(tmp_path / "two", "--customers", 50, "--seed", 2)
    assert not filecmp.cmp(
        tmp_path / "one" / "customers.csv", tmp_path / "two" / "customers.csv", shallow=False
    )


def test_blocks_continue_each_other(tmp_path, monkeypatch):
    """A full block does not depend on how many customers follow it; ids run on."""
    monkeypatch.setattr(simulate, "BLOCK_SIZE", 400)
    run(tmp_path / "short", "--customers", 400, "--seed", 3, "--no-dirty-rows")
    run(tmp_path / "long", "--customers", 999, "--seed", 3, "--no-dirty-rows")
    for entity in ("customers", "campaign_contacts"):
        short = (tmp_path / "short" / f"{entity}.csv").read_text(encoding="utf-8")
        long = (tmp_path / "long" / f"{entity}.csv").read_text(encoding="utf-8")
        assert long.startswith(short)
    for entity, schema in simulate.SCHEMAS.items():
        table = pd.read_csv(tmp_path / "long" / f"{entity}.csv")
        assert list(table.columns) == schema.names
        assert table[schema.names[0]].is_unique
        assert table["customer_id"].is_monotonic_increasing


def test_demo_extracts_are_a_fresh_simulation(tmp_path):
    run(tmp_path, *simulate.DEMO_ARGUMENTS)
    assert_folders_equal(DEMO, tmp_path)
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 5.5e6
    assert " ".join(simulate.DEMO_ARGUMENTS) in " ".join(simulate.__doc__.split())


def test_csv_and_parquet_hold_the_same_clean_rows(tmp_path):
    for file_format in ("csv", "parquet"):
        run(tmp_path, "--customers", 300, "--seed", 5, "--format", file_format, "--no-dirty-rows")
    for entity, schema in simulate.SCHEMAS.items():
        typed = pyarrow.parquet.read_table(tmp_path / f"{entity}.parquet")
        assert typed.schema.equals(schema)
        options = pyarrow.csv.ConvertOptions(column_types=schema, strings_can_be_null=True)
        text = pyarrow.csv.read_csv(tmp_path / f"{entity}.csv", convert_options=options)
        assert text.equals(typed), entity


# --- planted truth


def observed_cells(folder):
    """(cut, value) -> customers and churned, counted from the customers file."""
    customers = pyarrow.parquet.read_table(folder / "customers.parquet").to_pandas()
    english = dict(
        zip(
            simulate.RUSSIAN_CITIES,
            ("Yaroslavl", "Rostov Veliky", "Rybinsk", "Rostov Veliky"),
            strict=True,
        )
    )
    edges = [first for first, _, _, _ in simulate.AGE_BANDS] + [200]
    labels = [f"{first}-{last}" for first, last, _, _ in simulate.AGE_BANDS]
    cuts = {
        "product_count": customers["product_count"].astype(str),
        "age_band": pd.cut(customers["age"], edges, right=False, labels=labels).astype(object),
        "city": customers["city"].replace(english),
        "gender": customers["gender"],
        "is_active": customers["is_active"].map({True: "true", False: "false"}),
        "has_credit_card": customers["has_credit_card"].map({True: "true", False: "false"}),
    }
    has_left = customers["closed_on"].notna()
    for cut, values in cuts.items():
        grouped = has_left.groupby(values.where(values.notna(), "unknown"))
        for value, left in grouped:
            yield cut, value, len(left), int(left.sum())


def test_wilson_intervals_of_every_cut_contain_the_planted_rate(tmp_path, clean):
    """About 95 % of the cells of three runs; a flat rate would be outside most of them."""
    contains, contains_flat = [], []
    folders = [clean.folder]
    for seed in (21, 22):
        arguments = ("--customers", 20_000, "--seed", seed, "--format", "parquet")
        run(tmp_path / str(seed), *arguments, "--no-dirty-rows")
        folders.append(tmp_path / str(seed))
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        cells = truth["churn_rate_by_cut"]
        seen = 0
        for cut, value, customers, churned in observed_cells(folder):
            planted = cells[cut][value]
            assert (planted["customers"], planted["churned"]) == (customers, churned)
            low, high = wilson(churned, customers)
            contains.append(low <= planted["mean_probability"] <= high)
            contains_flat.append(low <= 0.2037 <= high)
            seen += 1
        assert seen == sum(len(values) for values in cells.values())
    assert np.mean(contains) >= 0.90
    assert np.mean(contains_flat) <= 0.45


def test_churn_follows_the_planted_coefficients(clean):
    """The probability of a cut is the mean of the logistic model over its customers."""
    model = clean.truth["churn"]
    customers = clean.customers[clean.customers["age"].notna() & clean.customers["city"].notna()]
    customers = customers[customers["city"].isin(simulate.CITIES)]
    score = model["intercept"] + customers["product_count"].astype(str).map(model["product_count"])
    for step in model["age"]:
        inside = customers["age"].between(step["first_age"], step["last_age"])
        score += inside * step["coefficient"]
    score += customers["city"].map(model["city"]) + customers["gender"].map(model["gender"])
    score += customers["is_active"].map({k == "true": v for k, v in model["is_active"].items()})
    probability = 1 / (1 + np.exp(-score.astype(float)))
    by_gender = probability.groupby(customers["gender"]).mean()
    for gender, rate in clean.truth["churn_rate_by_cut"]["gender"].items():
        assert by_gender[gender] == pytest.approx(rate["mean_probability"], abs=5e-4)


def test_marginal_rates_are_those_of_the_published_study(clean):
    published = {
        "product_count": {"1": 0.2771, "2": 0.0758, "3": 0.8271, "4": 0.985},
        "city": {"Yaroslavl": 0.1615, "Rostov Veliky": 0.3244, "Rybinsk": 0.1667},
        "gender": {"female": 0.2507, "male": 0.1646},
        "is_active": {"false": 0.2685, "true": 0.1427},
        "has_credit_card": {"false": 0.2081, "true": 0.2018},
    }
    for cut, rates in published.items():
        for value, rate in rates.items():
            planted = clean.truth["churn_rate_by_cut"][cut][value]["mean_probability"]
            assert planted == pytest.approx(rate, abs=0.02), (cut, value)


def test_null_effects_plant_a_flat_rate_and_change_nothing_else(tmp_path):
    arguments = ("--customers", 3_000, "--seed", 9, "--no-dirty-rows")
    truth = run(tmp_path / "null", *arguments, "--null-effects")
    run(tmp_path / "full", *arguments)
    rates = {
        rate["mean_probability"]
        for values in truth["churn_rate_by_cut"].values()
        for rate in values.values()
    }
    assert rates == {simulate.NULL_CHURN_PROBABILITY}
    assert set(truth["churn"]["product_count"].values()) == {0.0}
    assert len(set(truth["campaigns"]["save_rates"].values())) == 1
    for name in ("interactions.csv", "transactions.csv", "policies.csv"):
        assert filecmp.cmp(tmp_path / "null" / name, tmp_path / "full" / name, shallow=False)


def test_closing_cuts_no_event_short(clean):
    closed = clean.customers.set_index("customer_id")["closed_on"].dropna()
    assert pd.to_datetime(closed).max() <= AS_OF
    for events, column in (
        (clean.interactions, "occurred_at"),
        (clean.transactions, "occurred_at"),
        (clean.campaign_contacts, "contacted_on"),
        (clean.product_holdings, "opened_on"),
    ):
        dates = pd.to_datetime(events[column]).dt.normalize()
        ends = pd.to_datetime(events["customer_id"].map(closed))
        assert not (dates > ends).any()
        joined = clean.customers.set_index("customer_id")["joined_on"]
        assert not (dates < pd.to_datetime(events["customer_id"].map(joined))).any()


def test_product_count_is_the_number_of_distinct_holdings(clean):
    products = clean.product_holdings.groupby("customer_id")["product_code"].agg(
        ["size", "nunique"]
    )
    counts = clean.customers.set_index("customer_id")["product_count"]
    assert (products["size"] == counts).all()
    assert (products["nunique"] == counts).all()
    held = set(clean.product_holdings[["customer_id", "product_code"]].itertuples(index=False))
    assert set(clean.transactions[["customer_id", "product_code"]].itertuples(index=False)) <= held


def test_ages_fit_birth_dates(clean):
    known = clean.customers.dropna(subset=["age"])
    born = pd.to_datetime(known["birth_date"])
    assert (2025 - born.dt.year == known["age"]).all()
    assert (clean.customers["age"].isna() == clean.customers["birth_date"].isna()).all()
    assert known["age"].between(18, 92).all()


def test_balance_is_missing_by_product_count(clean):
    missing = clean.customers["balance"].isna()
    assert missing.mean() == pytest.approx(0.36, abs=0.01)
    by_count = missing.groupby(clean.customers["product_count"]).mean()
    assert by_count[1] == pytest.approx(0.178, abs=0.01)
    assert by_count[2] == pytest.approx(0.566, abs=0.015)


def cluster_agreement(customers, interactions, labels):
    """Adjusted Rand index of KMeans (k = 3) on recency, frequency and balance."""
    contacts = interactions.groupby("customer_id")["occurred_at"].agg(["size", "max"])
    table = (
        customers[["customer_id", "balance"]]
        .dropna()
        .merge(contacts, left_on="customer_id", right_index=True)
    )
    recency = (AS_OF - pd.to_datetime(table["max"]).dt.normalize()).dt.days
    features = np.log1p(np.column_stack([recency, table["size"], table["balance"].astype(float)]))
    scaled = StandardScaler().fit_transform(features)
    found = KMeans(n_clusters=3, n_init=5, random_state=0).fit_predict(scaled)
    planted = table["customer_id"].map(labels.set_index("customer_id")["cluster"])
    return adjusted_rand_score(planted, found)


def test_planted_clusters_are_found(clean):
    agreement = cluster_agreement(clean.customers, clean.interactions, clean.truth_clusters)
    assert agreement >= 0.9
    shares = clean.truth_clusters["cluster"].value_counts(normalize=True)
    for cluster in clean.truth["clusters"]:
        assert shares[cluster["cluster"]] == pytest.approx(cluster["share"], abs=0.01)


def test_planted_clusters_are_found_in_the_demo_with_its_few_contacts(tmp_path):
    run(tmp_path, *simulate.DEMO_ARGUMENTS, "--no-dirty-rows", "--truth-labels")
    customers, interactions, labels = (
        pd.read_csv(tmp_path / f"{name}.csv")
        for name in ("customers", "interactions", "truth_clusters")
    )
    assert cluster_agreement(customers, interactions, labels) >= 0.9


def test_events_per_customer(clean):
    customers = len(clean.customers)
    assert len(clean.interactions) / customers == pytest.approx(6.7, rel=0.03)
    assert 9 < (len(clean.interactions) + len(clean.transactions)) / customers < 11
    without = 1 - clean.interactions["customer_id"].nunique() / customers
    assert without == pytest.approx(0.01, abs=0.003)
    for events in (clean.interactions, clean.transactions):
        order = events.sort_values(["customer_id", "occurred_at"], kind="stable")
        assert order.index.equals(events.index)
        assert events["occurred_at"].between("2024-01-01", "2026-01-01", inclusive="left").all()


def test_purchases_have_the_moments_of_bg_nbd(clean):
    days = clean.transactions["occurred_at"].dt.normalize()
    by_customer = days.groupby(clean.transactions["customer_id"]).agg(["min", "size", "nunique"])
    assert (by_customer["size"] == by_customer["nunique"]).all()
    assert len(by_customer) == len(clean.customers)
    assert by_customer["min"].max() < pd.Timestamp("2024-07-01")

    r, alpha, a, b = (clean.truth["bg_nbd"][name] for name in ("r", "alpha", "a", "b"))
    weeks = (AS_OF - by_customer["min"]).dt.days.to_numpy() / 7
    # Expected repeat purchases, equation 9 of Fader, Hardie and Lee (2005); none at all happens
    # with the probability of the negative binomial, as nobody leaves before the first repeat.
    share = hyp2f1(r, b, a + b - 1, weeks / (alpha + weeks)) * (alpha / (alpha + weeks)) ** r
    expected = ((a + b - 1) / (a - 1) * (1 - share)).mean()
    repeats = by_customer["size"] - 1
    # Repeats of one day count once, which takes away one or two in a hundred.
    assert repeats.mean() == pytest.approx(expected, rel=0.04)
    no_repeat = ((alpha / (alpha + weeks)) ** r).mean()
    assert (repeats == 0).mean() == pytest.approx(no_repeat, abs=0.01)


def test_amounts_have_the_moments_of_gamma_gamma(clean):
    p, q, v = (clean.truth["gamma_gamma"][name] for name in ("p", "q", "v"))
    amounts = clean.transactions["amount"].astype(float)
    by_customer = amounts.groupby(clean.transactions["customer_id"]).agg(["mean", "var", "size"])
    mean = p * v / (q - 1)
    assert by_customer["mean"].mean() == pytest.approx(mean, rel=0.03)
    # Within a customer the variance is mean squared over p.
    many = by_customer[by_customer["size"] >= 10]
    assert (many["var"] / many["mean"] ** 2).mean() == pytest.approx(1 / p, rel=0.1)
    assert np.corrcoef(by_customer["mean"], by_customer["size"])[0, 1] == pytest.approx(0, abs=0.03)


def test_policies_follow_the_planted_factors_and_renewals(clean):
    policies = clean.policies
    assert len(policies) / len(clean.customers) == pytest.approx(0.35, abs=0.01)
    assert policies["customer_id"].is_unique
    group = policies["policy_count"].clip(upper=3)
    money = policies[["observed_clv", "monthly_premium"]].astype(float)
    sums = money.groupby(group).sum()
    factors = sums["observed_clv"] / sums["monthly_premium"]
    planted = clean.truth["policies"]["clv_factors"]
    assert factors.tolist() == pytest.approx(list(planted.values()), rel=0.02)

    starts, ends = pd.to_datetime(policies["starts_on"]), pd.to_datetime(policies["ends_on"])
    anniversary = starts + pd.DateOffset(years=1)
    decided = anniversary <= AS_OF
    # 29 February moves to 1 March here and to 28 February in pandas: leave it out.
    ordinary = ~((starts.dt.month == 2) & (starts.dt.day == 29))
    assert (policies["is_renewed"].notna() == decided)[ordinary].all()
    assert (ends.notna() == (policies["is_renewed"] == False))[decided].all()  # noqa: E712
    assert (ends.dropna() > starts[ends.notna()]).all()
    # Shifted beta geometric: the share lost in the first year is alpha / (alpha + beta).
    renewal = clean.truth["policies"]["shifted_beta_geometric"]
    lost_first_year = (ends == anniversary)[decided & ordinary]
    low, high = wilson(lost_first_year.sum(), len(lost_first_year))
    assert low <= renewal["alpha"] / (renewal["alpha"] + renewal["beta"]) <= high


def test_campaign_save_rates_are_recovered(clean):
    contacts = clean.campaign_contacts
    assert len(contacts) / len(clean.customers) == pytest.approx(0.2, abs=0.01)
    assert (contacts["arm"] == "treated").mean() == pytest.approx(0.5, abs=0.02)
    intervals = {}
    for arm, retained in contacts.groupby("arm")["is_retained"]:
        intervals[arm] = low, high = wilson(retained.sum(), len(retained))
        assert low <= clean.truth["campaigns"]["save_rates"][arm] <= high
    assert intervals["holdout"][1] < intervals["treated"][0]


# --- dirty rows


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    """A run with dirty rows: folder, truth, and the physical lines of each file."""
    folder = tmp_path_factory.mktemp("dirty")
    truth = run(folder, "--customers", 2_000, "--seed", 4)
    lines = {
        entity: (folder / f"{entity}.csv").read_text(encoding="utf-8").split("\n")
        for entity in simulate.SCHEMAS
    }
    return folder, truth, lines


def is_date(text):
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def is_faulty(rule, column, row, customer_ids):
    """Whether a dirty row, parsed into a dictionary, shows the fault it is listed for."""
    value = row[column]
    if rule in ("missing_key", "missing_value"):
        return value == ""
    if rule == "unparseable_value":
        if column.endswith("_on"):
            return not is_date(value)
        return value in ("Q", "maybe", "NaN", "six hundred")
    if rule == "out_of_range":
        if column == "occurred_at":
            return not 2024 <= datetime.fromisoformat(value).year <= 2025
        return int(value) < 0 or int(value) > 120
    if rule == "formula_like_text":
        return value[0] in "=@"
    if rule == "inconsistent_dates":
        start = next(row[name] for name in ("joined_on", "opened_on", "starts_on") if name in row)
        return date.fromisoformat(value) < date.fromisoformat(start)
    if rule == "unknown_customer":
        return value not in customer_ids
    raise AssertionError(f"no check for {rule}")


def test_every_dirty_row_stands_on_its_line_with_its_fault(dirty):
    _, truth, lines = dirty
    customer_ids = {line.split(",")[0] for line in lines["customers"][1:]}
    by_key = {}
    for entry in truth["dirty_rows"]:
        entity, rule, column = entry["entity"], entry["rule_code"], entry["column_name"]
        assert entry["file_name"] == f"{entity}.csv"
        line = lines[entity][entry["line_number"] - 1]
        names = simulate.SCHEMAS[entity].names
        if rule == "unbalanced_quote":
            assert column is None
            assert line.count('"') == 1 and ',"' in line
            continue
        fields = next(csv.reader([line]))
        if rule == "wrong_field_count":
            assert column is None
            assert len(fields) != len(names)
            continue
        row = dict(zip(names, fields, strict=True))
        assert row[names[0]].startswith("X") or rule == "missing_key"
        if rule == "duplicate_key":
            by_key.setdefault((entity, row[column]), []).append(line)
        else:
            assert is_faulty(rule, column, row, customer_ids), entry
    assert by_key
    assert all(len(set(pair)) == 2 for pair in by_key.values())


def test_every_rule_is_planted_at_least_twice_and_every_file_is_hit(dirty):
    _, truth, lines = dirty
    rules = pd.Series([entry["rule_code"] for entry in truth["dirty_rows"]]).value_counts()
    assert set(rules.index) == ALL_RULES
    assert rules.between(2, 5).all()
    assert {entry["entity"] for entry in truth["dirty_rows"]} == set(simulate.SCHEMAS)
    too_few = too_many = 0
    for entry in truth["dirty_rows"]:
        if entry["rule_code"] == "wrong_field_count":
            fields = lines[entry["entity"]][entry["line_number"] - 1].split(",")
            too_few += len(fields) < len(simulate.SCHEMAS[entry["entity"]])
            too_many += len(fields) > len(simulate.SCHEMAS[entry["entity"]])
    assert too_few and too_many


def test_dirty_rows_leave_the_clean_rows_untouched(dirty, tmp_path):
    """Lines less the dirty ones and the repeated ones are exactly the lines of a clean run."""
    _, truth, lines = dirty
    clean_truth = run(tmp_path, "--customers", 2_000, "--seed", 4, "--no-dirty-rows")
    assert clean_truth["dirty_rows"] == [] and clean_truth["duplicates"] == {}
    assert clean_truth["churn_rate_by_cut"] == truth["churn_rate_by_cut"]
    for entity, content in lines.items():
        assert content.pop() == ""  # the file ends with a line end
        planted = {e["line_number"] for e in truth["dirty_rows"] if e["entity"] == entity}
        rest = [line for number, line in enumerate(content, start=1) if number not in planted]
        repeated = truth["duplicates"][entity]
        assert rest[-repeated:] == rest[1 : repeated + 1]
        expected = (tmp_path / f"{entity}.csv").read_text(encoding="utf-8").split("\n")[:-1]
        assert rest[:-repeated] == expected
        assert len(expected) == truth["clean_rows"][entity] + 1


def test_parquet_holds_the_dirty_rows_that_types_allow(tmp_path):
    truth = run(tmp_path, "--customers", 500, "--seed", 4, "--format", "parquet")
    rules = {entry["rule_code"] for entry in truth["dirty_rows"]}
    assert rules == ALL_RULES - {"unbalanced_quote", "wrong_field_count"}
    for entry in truth["dirty_rows"]:
        table = pyarrow.parquet.read_table(tmp_path / entry["file_name"])
        row = table.slice(entry["line_number"] - 1, 1).to_pylist()[0]
        key = row[table.schema.names[0]]
        assert key is None or key.startswith("X")
        if entry["rule_code"] in ("missing_key", "missing_value"):
            assert row[entry["column_name"]] is None


def test_soft_variation_stands_in_clean_rows(dirty):
    folder, truth, _ = dirty
    text = (folder / "customers.csv").read_text(encoding="utf-8")
    for city in simulate.RUSSIAN_CITIES:
        assert f",{city}," in text
    rates = truth["churn_rate_by_cut"]
    assert 5 <= rates["city"]["unknown"]["customers"] <= 20
    assert 5 <= rates["age_band"]["unknown"]["customers"] <= 20
    for values in rates.values():
        assert sum(rate["customers"] for rate in values.values()) == 2_000


# --- command line


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--customers", "0", "--seed", "1"), "--customers must be at least 1, not 0."),
        (("--customers", "5", "--seed", "-1"), "--seed must not be negative, but is -1."),
        (
            ("--customers", "5", "--seed", "1", "--mean-contacts", "nan"),
            "--mean-contacts must be between 1 and 100, not nan.",
        ),
        (("--customers", "many", "--seed", "1"), "invalid int value: 'many'"),
    ],
)
def test_wrong_arguments_end_with_one_sentence(tmp_path, capsys, arguments, sentence):
    with pytest.raises(SystemExit) as stopped:
        simulate.main([*arguments, "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_out_must_not_be_a_file(tmp_path, capsys):
    target = tmp_path / "taken"
    target.write_text("mine")
    for out in (target, target / "below"):
        with pytest.raises(SystemExit):
            simulate.main(["--customers", "5", "--seed", "1", "--out", str(out)])
        assert str(target) in capsys.readouterr().err
    assert target.read_text() == "mine"


@pytest.mark.parametrize("customers", [1, 2, 7])
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_handful_of_customers_is_enough(tmp_path, customers, file_format):
    truth = run(tmp_path, "--customers", customers, "--seed", 0, "--format", file_format)
    assert truth["clean_rows"]["customers"] == customers
