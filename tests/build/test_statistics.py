"""Every statistic macro against SciPy: the macro itself, rendered by dbt and run by DuckDB, on a grid."""

import itertools

import duckdb
import numpy as np
import pandas as pd
import pytest
from customer_science.comparisons import ratio_lower
from scipy import stats

CONFIDENCE_Z = 1.959963984540054
PROBABILITIES = (0.0, 0.1, 0.25, 1 / 3, 0.5, 0.8, 0.95, 1.0)

# One statement per macro or family of macros, over the tables that the tests hand to DuckDB.
STATEMENTS = {
    "wilson": """
        select {{ wilson_lower('k', 'n') }} as lower, {{ wilson_upper('k', 'n') }} as upper
        from grid
    """,
    "confidence": """
        select
            {%- for level, quantile in confidence_quantiles().items() %}
            cast({{ level }} as double), cast({{ quantile }} as double){{ ',' if not loop.last }}
            {%- endfor %}
        from grid
    """,
    "two_proportions": """
        select
            {{ risk_ratio('k1', 'n1', 'k2', 'n2') }} as ratio,
            {{ risk_ratio_bound('k1', 'n1', 'k2', 'n2', side=-1) }} as ratio_lower,
            {{ risk_ratio_bound('k1', 'n1', 'k2', 'n2', side=1) }} as ratio_upper,
            {{ cohens_h('k1', 'n1', 'k2', 'n2') }} as h
        from grid
    """,
    "normal": "select {{ normal_p_value('z') }} as p from grid",
    "changes": """
        with compared as ({{ measures_compared('former', 'measures') }}),
        tested as ({{ changes_tested('compared') }})
        {{ benjamini_hochberg('tested', "split_part(row_key, ' / ', 1)") }}
    """,
    "benjamini_hochberg": """
        select * from ({{ benjamini_hochberg('grid', 'family') }}) as corrected order by row_id
    """,
    "quantiles": f"select {{{{ quantiles('v', {list(PROBABILITIES)}) }}}} as q from grid",
}


@pytest.fixture(scope="module")
def sql(compiled):
    """The statements as dbt renders them, with the project's own vars."""
    between = "\n-- next statement\n"
    rendered = compiled(between.join(STATEMENTS.values())).split(between)
    return dict(zip(STATEMENTS, rendered, strict=True))


def evaluate(statement, grid):
    """The statement over `grid` (one row in, one row out, in order), nulls as NaN."""
    with duckdb.connect() as connection:
        connection.register("grid", grid)
        return connection.sql(statement).df()


def values(statement, grid_sql):
    """All values of the statement over the rows of a query, as Python has them: null is None."""
    with duckdb.connect() as connection:
        connection.execute(f"create table grid as {grid_sql}")
        return list(itertools.chain(*connection.execute(statement).fetchall()))


def at_confidence(statement, z):
    """The rendered statement at another level of var confidence_level."""
    assert str(CONFIDENCE_Z) in statement
    return statement.replace(str(CONFIDENCE_Z), str(z))


def counts_grid():
    """(k, n): every k of the small n, and the ends and the middle of large ones."""
    small = [(k, n) for n in range(1, 41) for k in range(n + 1)]
    large = [
        (k, n)
        for n in (100, 997, 12_345, 10**6, 10**7)
        for k in (0, 1, 2, n // 1000, n // 3, n // 2, n - 2, n - 1, n)
    ]
    return pd.DataFrame(small + large, columns=["k", "n"])


def pairs_grid():
    """(k1, n1, k2, n2) of every pair of these groups, small, large, empty-handed and complete."""
    groups = [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (11, 40), (29, 40), (204, 1000), (1, 10**6)]
    groups += [(999_999, 10**6), (2_037_000, 10**7)]
    rows = [(*one, *two) for one, two in itertools.product(groups, repeat=2)]
    return pd.DataFrame(rows, columns=["k1", "n1", "k2", "n2"])


# --- Wilson


def test_the_quantiles_of_confidence_levels_are_scipys(sql):
    quantiles = dict(np.reshape(values(sql["confidence"], "select 1 as one"), (-1, 2)).tolist())
    assert quantiles[0.95] == CONFIDENCE_Z
    for level, quantile in quantiles.items():
        assert quantile == pytest.approx(stats.norm.isf((1 - level) / 2), rel=1e-14)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_wilson_interval_is_scipys(sql, level):
    z = CONFIDENCE_Z if level == 0.95 else stats.norm.ppf((1 + level) / 2)
    grid = counts_grid()
    found = evaluate(at_confidence(sql["wilson"], z), grid)
    expected = [
        stats.binomtest(int(k), int(n)).proportion_ci(level, method="wilson")
        for k, n in grid.itertuples(index=False)
    ]
    # both subtract from numbers near 1, so a bound near 0 is good to the sixteenth digit after the point
    np.testing.assert_allclose(found["lower"], [ci.low for ci in expected], rtol=1e-14, atol=2e-16)
    np.testing.assert_allclose(found["upper"], [ci.high for ci in expected], rtol=1e-14, atol=2e-16)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999])
def test_wilson_interval_holds_its_estimate_to_the_last_bit(sql, level):
    z = CONFIDENCE_Z if level == 0.95 else stats.norm.ppf((1 + level) / 2)
    grid = counts_grid()
    found = evaluate(at_confidence(sql["wilson"], z), grid)
    rate = grid["k"] / grid["n"]
    assert (found["lower"] <= rate).all() and (found["upper"] >= rate).all()
    assert (found["lower"][grid["k"] == 0] == 0.0).all()
    assert (found["upper"][grid["k"] == grid["n"]] == 1.0).all()
    assert found["lower"].between(0, 1).all() and found["upper"].between(0, 1).all()


def test_nothing_is_known_of_no_trials(sql):
    assert values(sql["wilson"], "select 0 as k, 0 as n") == [None, None]
    assert values(sql["wilson"], "select null::bigint as k, null::bigint as n") == [None, None]


# --- two proportions


def ratio_interval(k1, n1, k2, n2):
    """Donner and Zou (2012) for a ratio, as published, with the Wilson bounds of SciPy."""
    (p1, l1, u1), (p2, l2, u2) = (
        (k / n, *stats.binomtest(k, n).proportion_ci(method="wilson"))
        for k, n in ((k1, n1), (k2, n2))
    )
    product = p1 * p2
    lower = product - np.sqrt(product**2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2))
    upper = product + np.sqrt(product**2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2))
    return lower / (u2 * (2 * p2 - u2)), upper / (l2 * (2 * p2 - l2))


def test_risk_ratio_is_scipys_and_its_bounds_are_those_of_donner_and_zou(sql):
    grid = pairs_grid()
    found = evaluate(sql["two_proportions"], grid)
    for row, one in zip(grid.itertuples(index=False), found.itertuples(), strict=True):
        k1, n1, k2, n2 = map(int, row)
        if k2 == 0:
            assert np.isnan([one.ratio, one.ratio_lower, one.ratio_upper]).all(), row
            continue
        ratio = stats.contingency.relative_risk(k1, n1, k2, n2).relative_risk
        assert one.ratio == pytest.approx(ratio, rel=1e-14), row
        lower, upper = ratio_interval(k1, n1, k2, n2)
        # the published form loses digits in subtractions
        assert one.ratio_lower == pytest.approx(lower, rel=1e-6, abs=1e-9), row
        assert one.ratio_upper == pytest.approx(upper, rel=1e-6), row
        assert one.ratio_lower <= one.ratio <= one.ratio_upper, row
        z = stats.norm.isf(0.025)
        assert one.ratio_lower == pytest.approx(ratio_lower(k1, n1, k2, n2, z), rel=1e-9), row


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4, 0.7, 0.9, 0.95])
@pytest.mark.parametrize("size", [5, 10, 30, 60])
def test_the_interval_of_a_ratio_holds_it_in_small_cells_too(sql, size, rate):
    """By enumeration, a cell against 9,000 others of whom 20% are affected. Katz' interval holds the ratio in 41% of
    cells of 5 with a rate of 0.9, since five of five affected have no variance."""
    cell, others = np.arange(size + 1), np.arange(1_640, 1_961)
    grid = pd.DataFrame(list(itertools.product(cell, others)), columns=["k1", "k2"])
    grid = grid.assign(n1=size, n2=9_000)[["k1", "n1", "k2", "n2"]]
    found = evaluate(sql["two_proportions"], grid)
    chance = stats.binom.pmf(grid["k1"], size, rate) * stats.binom.pmf(grid["k2"], 9_000, 0.2)
    holds = (found["ratio_lower"] <= rate / 0.2) & (rate / 0.2 <= found["ratio_upper"])
    # counts are discrete, so that the coverage of five customers goes up and down with the rate
    assert (chance * holds).sum() / chance.sum() >= (0.91 if size < 30 else 0.93)


def test_cohens_h_is_its_formula(sql):
    grid = pairs_grid()
    found = evaluate(sql["two_proportions"], grid)["h"]
    angle1, angle2 = (2 * np.arcsin(np.sqrt(grid[f"k{i}"] / grid[f"n{i}"])) for i in (1, 2))
    np.testing.assert_allclose(found, angle1 - angle2, rtol=1e-13, atol=1e-15)
    assert found.max() == pytest.approx(np.pi) and found.min() == pytest.approx(-np.pi)


@pytest.mark.parametrize("row", ["0, 0, 1, 3", "1, 3, 0, 0", "0, 0, 0, 0", "null, null, 1, 3"])
def test_no_comparison_with_an_empty_group(sql, row):
    grid = f"select * from (values ({row})) as groups (k1, n1, k2, n2)"
    assert values(sql["two_proportions"], grid) == [None] * 4


# --- Benjamini-Hochberg


def test_q_values_are_scipys_in_each_family_whatever_the_row_order(sql):
    rng = np.random.default_rng(7)
    families = {
        "uniform": rng.random(200),
        "mostly small": rng.random(50) ** 6,
        "ties": np.round(rng.random(60), 1),
        "all equal": np.full(5, 0.3),
        "one": np.array([0.04]),
        "ends": np.array([0.0, 0.0, 1.0, 1.0, 5e-324]),
        "with nulls": np.where(rng.random(40) < 0.3, np.nan, rng.random(40)),
        "only nulls": np.full(3, np.nan),
    }
    grid = pd.concat([pd.DataFrame({"family": name, "p_value": p}) for name, p in families.items()])
    grid = grid.sample(frac=1, random_state=1).assign(row_id=np.arange(len(grid)))
    # a pandas NaN reaches DuckDB as null
    found = evaluate(sql["benjamini_hochberg"], grid)
    assert len(found) == len(grid)
    for name, rows in found.groupby("family"):
        known = rows["p_value"].notna()
        assert known.sum() == np.isfinite(families[name]).sum()
        expected = stats.false_discovery_control(rows["p_value"][known])
        np.testing.assert_allclose(rows["q_value"][known], expected, rtol=1e-14, err_msg=name)
        assert rows["q_value"][~known].isna().all(), name
        assert (rows["q_value"][known] <= 1).all(), name


# --- quantiles


@pytest.mark.parametrize(
    "numbers",
    [
        [5.0],
        [1.0, 2.0],
        [0.0, 0.0, 0.0, 7.0, 1e9],
        np.random.default_rng(3).lognormal(3, 2, 999).tolist(),
    ],
    ids=["one", "two", "ties", "many"],
)
def test_quantiles_are_numpys(sql, numbers):
    rows = f"select unnest({[*numbers, *['null'] * 3]}::double[]) as v".replace("'", "")
    (found,) = values(sql["quantiles"], rows)
    np.testing.assert_allclose(found, np.quantile(numbers, PROBABILITIES), rtol=1e-13)


def test_nothing_has_no_quantiles(sql):
    assert values(sql["quantiles"], "select null::double as v") == [None]


# --- changes between builds


def test_the_normal_p_value_is_scipys_to_six_digits_after_the_point(sql):
    z = np.linspace(-9, 9, 2001)
    found = evaluate(sql["normal"], pd.DataFrame({"z": z}))["p"].to_numpy()
    expected = 2 * stats.norm.sf(abs(z))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1.5e-7)
    # of rare events, too, the size is right
    np.testing.assert_allclose(found, expected, rtol=2e-2)
    assert ((found > 0) & (found <= 1)).all()


def measured(dice, sql, pairs, rate_of, largest=3000, shared=0.0):
    """Two builds of a bank, once per pair: the size and the churn rate of ten segments, each in a mart's measures.

    Of the customers of a segment a share is the same in both builds, and has the same outcome.
    """
    tables = []
    means = np.linspace(largest / 15, largest, 10)
    same = [dice.poisson(shared * means) for _ in range(pairs)]
    same_churned = [
        dice.binomial(sizes, [rate_of(0, segment) for segment in range(10)]) for sizes in same
    ]
    for build in (0, 1):
        rates = [rate_of(build, segment) for segment in range(10)]
        others = [dice.poisson((1 - shared) * means) for _ in range(pairs)]
        sizes = np.concatenate([one + other for one, other in zip(same, others, strict=True)])
        churned = np.concatenate(
            [
                one + dice.binomial(other, rates)
                for one, other in zip(same_churned, others, strict=True)
            ]
        )
        bounds = evaluate(sql["wilson"], pd.DataFrame({"k": churned, "n": sizes})).to_numpy()
        rows = []
        for number, (n, k) in enumerate(zip(sizes, churned, strict=True)):
            key = f"{number // 10} / {number % 10}"
            rows.append(("m", key, "customers_count", n, None, None))
            rows.append(("m", key, "churn_rate", k / n, *bounds[number]))
        names = [
            "mart_name",
            "row_key",
            "measure_name",
            "measured_value",
            "lower_value",
            "upper_value",
        ]
        tables.append(pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], float)))
    return tables


def changes(sql, former, measures):
    with duckdb.connect() as connection:
        connection.register("former", former)
        connection.register("measures", measures)
        found = connection.sql(sql["changes"]).df()
    return found.assign(pair=found["row_key"].str.split(" / ").str[0].astype(int))


def test_of_200_pairs_of_builds_without_a_change_at_most_5_percent_show_one(sql):
    """Two builds of one bank, which share most customers; two that share none are the worst case."""

    def false_pairs(shared):
        dice = np.random.default_rng(23)
        former, measures = measured(dice, sql, 200, lambda build, segment: 0.2, shared=shared)
        found = changes(sql, former, measures)
        assert len(found) > 3500 and found["p_value"].notna().all()
        return found, found.loc[found["q_value"] < 0.05, "pair"].nunique()

    assert false_pairs(shared=0.8)[1] <= 0.05 * 200
    found, false = false_pairs(shared=0.0)
    assert stats.binomtest(false, 200, 0.05, alternative="greater").pvalue > 0.05, false
    # and the noise is not exaggerated either: one p-value in twenty is below 5%
    assert 0.03 < (found["p_value"] < 0.05).mean() < 0.06


def test_a_planted_change_of_a_tenth_is_found_where_it_is(sql):
    def rate_of(build, segment):
        return 0.5 * (1.1 if build and segment == 9 else 1)

    # the power for the smallest of 20 p-values is 0.8 at 2 x 3,000 customers, and 1 at 2 x 10,000
    for largest, power in ((3000, 0.7), (10_000, 1.0)):
        former, measures = measured(np.random.default_rng(7), sql, 40, rate_of, largest=largest)
        found = changes(sql, former, measures)
        beyond = found[found["q_value"] < 0.05]
        is_planted = beyond["row_key"].str.endswith(" / 9") & (
            beyond["measure_name"] == "churn_rate"
        )
        assert is_planted.sum() >= power * 40
        # of what is found in a pair, 5 % is false on average; two standard errors of 40 pairs are 5 %
        assert (~is_planted).groupby(beyond["pair"]).mean().sum() / 40 <= 0.05 + 0.05
        assert (beyond.loc[is_planted, "change"] > 0).all()


def test_the_same_twice_is_no_change_and_a_first_build_has_none(sql):
    former, _ = measured(np.random.default_rng(1), sql, 2, lambda build, segment: 0.2)
    assert changes(sql, former, former.sample(frac=1, random_state=0)).empty
    assert changes(sql, former.head(0), former).empty
    gone = changes(sql, former, former.iloc[1:])
    assert gone[["before_value", "after_value", "p_value"]].notna().values.tolist() == [
        [True, False, False]
    ]
