"""The dashboard in a real browser: numbers are those of the marts, titles claim no more, nothing is requested."""

import importlib.metadata
import importlib.util
import json
import re

import duckdb
import pytest
import yaml
from browser import Page, find_browser
from conftest import ROOT
from scipy.stats import binomtest, norm

SCREENSHOTS = ROOT / "target" / "screenshots"

spec = importlib.util.spec_from_file_location("render", ROOT / "dashboard" / "render.py")
render = importlib.util.module_from_spec(spec)
spec.loader.exec_module(render)


def written(sections, folder):
    path = folder / "dashboard.html"
    path.write_text(render.page(sections), encoding="utf-8")
    return path


def rendered(published, folder):
    return written(render.read(str(published)), folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    executable = find_browser()
    if not executable:
        pytest.skip("Chromium is not installed: the dashboard is not opened in a browser")
    page = Page(executable, tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def demo_page(demo, tmp_path_factory):
    return rendered(demo.published, tmp_path_factory.mktemp("page"))


ROWS = "[...document.querySelectorAll('{} .row')].map(row => row.getAttribute('aria-label'))"
TITLES = "[...document.querySelectorAll('{} h3')].map(title => title.textContent)"


def rows_of_plans(browser):
    return browser.evaluate(
        "[...document.querySelectorAll('#actions ol.work > li')].map(li => li.innerText)"
    )


def rows_of(browser, selector):
    return browser.evaluate(ROWS.replace("{}", selector))


def titles_of(browser, selector):
    return browser.evaluate(TITLES.replace("{}", selector))


def shown(browser):
    """Number of products -> customers at risk, churned customers and the churn rate with its interval, in percent."""
    found = {}
    for text in rows_of(browser, "#products-chart"):
        match = re.match(
            r"(\d) products?: churned ([\d,]+) of ([\d,]+) at risk \(([\d.]+)%; 95% CI ([\d.]+)% to ([\d.]+)%\)",
            text,
        )
        if match:
            count, churned, customers, *rates = (group.replace(",", "") for group in match.groups())
            found[int(count)] = [int(customers), int(churned), *map(float, rates)]
        else:
            count, customers = re.match(
                r"(\d) products?: ([\d,]+) at risk, outcome .*withheld", text
            ).groups()
            found[int(count)] = [int(customers.replace(",", ""))]
    return found


def plain_spaces(texts):
    return [text.replace("\u00a0", " ") for text in texts]


def choose(browser, *cities):
    """Selects these cities and no others, by clicks."""
    browser.evaluate(
        "for (const box of document.querySelectorAll('[name=city]'))"
        f" if (box.checked !== {json.dumps(cities)}.includes(box.value)) box.click()"
    )


def in_mart(build, *cities):
    """The same from the published marts, the interval from SciPy; of a withheld outcome only the customers."""
    chosen = ", ".join(f"'{city}'" for city in cities)
    with duckdb.connect(str(build.published), read_only=True) as connection:
        rows = connection.execute(
            "select product_count::int, customers_count::int, churned_count::int "
            "from marts.churn_rates_by_product_count"
            if not cities
            else "select split_part(cut_value, ' x ', 2)::int, sum(customers_count)::int, "
            "case when count(churned_count) = count(*) then sum(churned_count)::int end "
            "from marts.churn_rates where cut_name = 'city x product_count' "
            f"and split_part(cut_value, ' x ', 1) in ({chosen}) group by 1"
        ).fetchall()
    expected = {}
    for count, n, k in rows:
        expected[count] = [n]
        if k is not None:
            interval = binomtest(k, n).proportion_ci(method="wilson")
            expected[count] += [k, *(100 * share for share in (k / n, interval.low, interval.high))]
    return expected


def approximately(rows):
    return {count: pytest.approx(row, abs=0.051) for count, row in rows.items()}


# --- the file


def test_the_page_is_the_same_bytes_again_and_requests_nothing(demo, demo_page, tmp_path):
    html = demo_page.read_bytes()
    assert rendered(demo.published, tmp_path).read_bytes() == html
    assert len(html) < 1_000_000
    assert not re.findall(rb"""(?:src|href)\s*=\s*["']?(?!#|data:)[^"'> ]""", html)
    assert b"duration_seconds" not in html


def test_hostile_text_ends_no_script():
    html = render.page({"manifest": [{"item_value": "</script><script>alert(1)</script><!--"}]})
    assert html.count("</script>") == 3 and "<!--" not in html


def test_a_page_of_a_missing_file_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["render.py", "--published", str(tmp_path / "none.duckdb")])
    with pytest.raises(SystemExit, match="does not exist: publish a build first"):
        render.main()


# --- numbers


def test_one_city_two_cities_and_all_show_the_numbers_of_the_mart(browser, demo, demo_page):
    browser.errors.clear()
    browser.open(demo_page, 1280)
    selection = "document.querySelector('#who > .period').textContent"
    assert shown(browser) == approximately(in_mart(demo)) and browser.evaluate(selection) == ""
    for cities in (["Yaroslavl"], ["Rostov Veliky", "Rybinsk"], ["Rybinsk", "Yaroslavl"]):
        choose(browser, *cities)
        assert shown(browser) == approximately(in_mart(demo, *cities))
        assert browser.evaluate(selection).startswith(" and ".join(cities) + ": churned ")
        # a selection is not tested, so its title compares nothing
        title = titles_of(browser, "#who")[0]
        assert title == f"{' and '.join(cities)}: churn by number of products (a selection is not tested)"  # fmt: skip
    choose(browser)
    assert browser.evaluate(selection) == "No city is selected: select at least one."
    browser.evaluate("document.querySelector('#filters button').click()")
    assert shown(browser) == approximately(in_mart(demo))
    assert browser.errors == []


def test_a_link_carries_the_selection(browser, demo, demo_page, tmp_path):
    browser.open(demo_page, 1280)
    choose(browser, "Rybinsk", "Yaroslavl")
    expected = in_mart(demo, "Rybinsk", "Yaroslavl")
    for select, value in (("scheme", "rule"), ("segment", None)):
        browser.evaluate(
            f"{{const s = document.querySelector('#{select}'); s.value = "
            + (json.dumps(value) if value else "s.options[2].value")
            + "; s.dispatchEvent(new Event('change'))}"
        )
    browser.evaluate("document.querySelector('nav a[href=\"#actions\"]').click()")
    plans = rows_of_plans(browser)
    link = browser.evaluate("location.hash")
    assert link.startswith("#actions&city=Rybinsk&city=Yaroslavl&scheme=rule&segment=")
    browser.open(written(render.read(str(demo.published)), tmp_path), 1280, fragment=link)
    assert shown(browser) == approximately(expected)
    assert rows_of_plans(browser) == plans and plans
    assert browser.evaluate("document.querySelector('#actions').getBoundingClientRect().top < 200")


@pytest.mark.parametrize("cut", ["age_band", "gender"])
def test_cities_filter_age_and_gender_too(browser, demo, demo_page, cut):
    chart = "#age-chart" if cut == "age_band" else "#gender-chart"
    browser.open(demo_page, 1280)
    whole = rows_of(browser, chart)
    choose(browser, "Rybinsk", "Yaroslavl")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        expected = connection.execute(
            f"select {cut}, sum(customers_count)::int, "
            "case when count(churned_count) = count(*) then sum(churned_count)::int end "
            f"from marts.churn_rates where cut_name = 'city x {cut}' and city in ('Rybinsk', 'Yaroslavl') "
            f"group by {cut}, age_band_number order by age_band_number nulls last, {cut}"
        ).fetchall()
    shown = rows_of(browser, chart)
    assert len(shown) == len(expected) > 1 and shown != whole
    if cut == "gender":  # ordered by size
        expected.sort(key=lambda row: -row[1])
    for row, (label, customers, churned) in zip(shown, expected, strict=True):
        assert row.startswith(f"{label}: ") and f"{customers:,} at risk" in row
        assert f"churned {churned:,} of" in row if churned is not None else "withheld" in row
    browser.evaluate("document.querySelector('#filters button').click()")
    assert rows_of(browser, chart) == whole and browser.errors == []


def test_filters_work_from_the_keyboard(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    for _ in range(60):
        browser.press("Tab", 9)
        if browser.evaluate("document.activeElement.value") == "Yaroslavl":
            break
    browser.press(" ", 32, " ")
    cities = browser.evaluate(
        "[...document.querySelectorAll('[name=city]:checked')].map(b => b.value)"
    )
    assert cities and "Yaroslavl" not in cities
    assert shown(browser) == approximately(in_mart(demo, *cities))


def test_the_period_stands_at_the_top_and_rates_count_customers_at_risk(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        total, day, days = connection.execute(
            "select sum(customers_count), any_value(observed_on), any_value(window_days) "
            "from marts.churn_rates_by_gender"
        ).fetchone()
        segments = connection.execute(
            "select rfm_segment_name, customers_count, churned_count, known_outcome_count "
            "from marts.rfm_segments where churned_count is not null and known_outcome_count > 0"
        ).fetchall()
    assert browser.evaluate("document.querySelector('#summary .period').textContent") == (
        f"Churn: of {total:,} customers at risk on {day}, those who churned within {days} days."
    )
    told = " ".join(rows_of(browser, "#engagement"))
    assert segments
    for name, customers, churned, known in segments:
        assert f"{name}: {customers:,} customer" in told
        assert f"; churned {churned:,} of {known:,} at risk (" in told
    browser.evaluate(
        "document.querySelector('#engagement .row').dispatchEvent(new MouseEvent('mouseenter'))"
    )
    assert browser.evaluate("document.querySelector('#tip').textContent") in told


def test_a_withheld_outcome_is_neither_shown_nor_added_up(browser, demo, tmp_path):
    sections = render.read(str(demo.published))
    (cell,) = [
        row
        for row in sections["by_city_and"]
        if (row["cut_name"], row["city"], row["label"]) == ("city x product_count", "Rybinsk", "4")
    ]
    cell.update(
        dict.fromkeys(["churned_count", "churn_rate", "churn_rate_ci_lower", "churn_rate_ci_upper"])
    )
    browser.open(written(sections, tmp_path), 1280)
    for cities in (["Rybinsk"], ["Rybinsk", "Yaroslavl"]):
        choose(browser, *cities)
        four = rows_of(browser, "#products-chart")[3]
        assert "withheld" in four and "churned" not in four


# --- titles


def test_a_title_claims_a_difference_only_where_a_test_found_one(browser, demo, tmp_path):
    sections = render.read(str(demo.published))
    browser.open(written(sections, tmp_path), 1280)
    titles = titles_of(browser, "#who")
    assert (
        "Churn differs by city: highest Rostov Veliky (32.4%), lowest Yaroslavl (15.6%)" in titles
    )
    assert any(
        title.startswith("Churn differs by gender: male 16.5%, female 24.0%") for title in titles
    )
    for row in sections["cut_tests"]:
        row["q_value"] = 0.05 if row["cut_name"] != "gender" else None
    for row in sections["by_product"]:
        row["q_value"] = 0.0504
    for row in sections["by_gender"]:
        row["q_value"] = None
    # without a test of the cut, and under inactivity without any
    for section in ("hypotheses", "intervals"):
        sections[section] = [
            row
            for row in sections[section]
            if not {"gender", "churn_by_gender"}
            & {row.get("feature_name"), row.get("hypothesis_code")}
        ]
    browser.open(written(sections, tmp_path), 1280)
    titles = plain_spaces(titles_of(browser, "#who"))
    assert "No difference between cities was found (corrected p = 0.050)" in titles
    assert "Churn rate by gender" in titles
    assert (
        "No difference between customers with and without a product was found (lowest corrected p = 0.050)"
        in titles
    )
    assert "No difference between numbers of products was found (corrected p = 0.050)" in titles


@pytest.mark.parametrize("name", ["demo", "churn_modelling", "bank_scrooge"])
def test_a_feature_has_one_verdict_on_the_whole_page(browser, name, request, tmp_path):
    build = request.getfixturevalue(name)
    browser.open(rendered(build.published, tmp_path), 1280)
    verdicts = dict(
        browser.evaluate(
            "[...document.querySelectorAll('#drivers > .scroll tbody tr')]"
            ".map(row => [row.cells[0].textContent.toLowerCase(), row.cells[1].textContent])"
        )
    )
    assert {"age", "balance", "number of products"} <= set(verdicts)
    summary = browser.evaluate(
        "[...document.querySelectorAll('#summary li')].map(li => li.textContent)"
    )
    titles = titles_of(browser, ":is(#who, #drivers, #distributions)")
    plural = {
        "age bands": "age", "cities": "city", "genders": "gender", "active and inactive customers": "activity",
        "numbers of products": "number of products",
    }  # fmt: skip
    told = 0
    for title in titles:
        for pattern, verdict in (
            (r"Churn differs by ([\w ]+?)(?: –.*|:.*| \(.*)?", "differs"),
            (r"(.+): churned and retained customers differ", "differs"),
            (r"No difference by (.+) was found", "no difference found"),
            (r"No difference between (?!customers with and)(.+) was found.*", "no difference found"),
            (r"(.+): no difference between churned and retained customers was found", "no difference found"),
        ):  # fmt: skip
            if match := re.fullmatch(pattern, title):
                feature = match[1].lower()
                assert verdicts[plural.get(feature, feature)] == verdict, title
                told += 1
    assert told >= 8
    for sentence in summary:
        verdict = {"Churn differs by ": "differs", "No difference wa": "no difference found"}.get(
            sentence[: 17 if sentence.startswith("Churn") else 16]
        )
        if verdict is None:
            continue
        assert all(feature in sentence for feature, told in verdicts.items() if told == verdict)
        named = re.split(r", | and ", sentence.split(" by ")[1][:-1])
        assert {verdicts[feature] for feature in named} == {verdict}


def test_bars_show_all_customers_and_what_the_rate_rests_on(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        segments = connection.execute(
            "select discovery_count + confirmation_count, confirmation_churned_count, confirmation_count, "
            "remaining_count from marts.churn_segments "
            "where confirmation_churn_rate is not null order by confirmation_churn_rate desc"
        ).fetchall()
    labels = rows_of(browser, "#segments")
    assert len(labels) >= len(segments) > 3
    for label, (customers, churned, count, current) in zip(labels, segments, strict=False):
        told = f"{customers:,} customers; churned {churned:,} of {count:,} at risk"
        assert f"({current:,} current customers): {told}" in label
    # all rates of a section are drawn on one scale
    ticks = browser.evaluate(
        "[...document.querySelectorAll('#who .chart')]"
        ".map(chart => chart.querySelectorAll('.axis .ticks')[1].textContent)"
    )
    assert len(set(ticks)) == 1 and len(ticks) > 5


def test_deciles_distributions_and_plans_are_those_of_the_marts(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        deciles = connection.execute(
            "select customers_count, churned_count, average_probability from marts.churn_score_deciles "
            "where churn_basis = 'window' order by churn_decile desc"
        ).fetchall()
        bins = connection.execute(
            "select churned_share, retained_share, customers_count from marts.churn_distributions "
            "where feature_name = 'estimated_salary' order by interval_number"
        ).fetchall()
        reached = connection.execute(
            "select reached_count, remaining_count from marts.strategy_economics where decision_code = 'do'"
        ).fetchall()
    for label, (customers, churned, predicted) in zip(
        rows_of(browser, "#next")[:10], deciles, strict=True
    ):
        assert f"churned {churned:,} of {customers:,} at risk" in label
        assert label.endswith(f"Predicted: {100 * predicted:.1f}%.")
    salaries = rows_of(browser, "#distributions")[-len(bins) :]
    for label, (churned, retained, customers) in zip(salaries, bins, strict=True):
        shares = f"{100 * churned:.1f}% of churned and {100 * retained:.1f}% of retained"
        assert f": {shares} customers ({customers:,} at risk" in label
    plans = " ".join(rows_of_plans(browser))
    assert len(reached) > 3
    for some, every in reached[:3]:
        assert f"can reach {some:,} of the {every:,} current customers" in plans


def test_drift_is_that_of_the_mart_and_names_what_changed_much(browser, demo, demo_page, tmp_path):
    browser.open(demo_page, 1280)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        moved = connection.execute(
            "select distinct feature_label, verdict, population_stability_index from marts.quality_drift "
            "where verdict in ('large', 'moderate') order by population_stability_index desc"
        ).fetchall()
    title = "[...document.querySelectorAll('#trust h3')].map(h => h.textContent).find(t => t.startsWith('Drift'))"
    assert {verdict for _, verdict, _ in moved} == {"large", "moderate"}
    for label, verdict, _ in moved:
        assert (label in browser.evaluate(title)) == (verdict == "large")
    rows = (
        f"[...document.querySelectorAll('#trust table')].find(t => t.caption.textContent === {title})"
        ".querySelectorAll('tbody tr')"
    )
    assert browser.evaluate(f"[...{rows}].map(r => [...r.cells].map(c => c.textContent))") == [
        [label[0].upper() + label[1:], verdict, f"{index:.3f}"] for label, verdict, index in moved
    ]
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{demo.published}' as whole (read_only)")
        connection.execute("create schema marts")
        connection.execute("create table marts.run_manifest as from whole.marts.run_manifest")
        connection.execute(
            "create table marts.quality_drift as from whole.marts.quality_drift where verdict = 'stable'"
        )
    browser.open(rendered(path, tmp_path), 1280)
    assert browser.evaluate(title).startswith("Drift: no feature changed beyond noise")
    # without an earlier day there is nothing to compare
    sections = render.read(str(demo.published))
    for row in sections["drift"]:
        row.update({"then_on": None, "now_on": None, "verdict": "no_history"})
    browser.open(written(sections, tmp_path), 1280)
    assert browser.evaluate(title) is None


def test_features_are_ordered_by_one_measure_of_strength(browser, demo, tmp_path):
    browser.open(written(render.read(str(demo.published)), tmp_path), 1280)
    cells = (
        "[...document.querySelectorAll('#drivers > .scroll tbody tr')]"
        ".map(r => [...r.cells].map(c => c.textContent))"
    )
    rows = browser.evaluate(cells)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        cuts = connection.execute(
            "with cuts as (select cut_name, customers_count as n, churned_count / customers_count as rate "
            "from marts.churn_rates where cut_count = 1 and churned_count is not null), "
            "means as (select *, sum(n * rate) over (partition by cut_name) / sum(n) over (partition by cut_name) "
            "as mean from cuts) select cut_name, 100 * sum(n * abs(rate - mean)) / sum(n) from means group by cut_name"
        ).fetchall()
        ((tenure, low, high),) = connection.execute(
            "with groups as (select confirmation_count as n, confirmation_churn_rate as rate, "
            "sum(n * rate) over () / sum(n) over () as mean from marts.churn_intervals "
            "where feature_name = 'tenure_years' and rate is not null) "
            "select 100 * sum(n * abs(rate - mean)) / sum(n), min(rate), max(rate) from groups"
        ).fetchall()
    shown = {feature.lower(): (points, extremes) for feature, _, points, extremes, _ in rows}
    names = {"age_band": "age", "product_count": "number of products", "is_active": "activity"}
    for cut, points in cuts:
        name = names.get(cut, cut)
        if name in shown:
            assert shown[name][0] == f"{points:.1f} points"
    assert shown["years with the bank"][0] == f"{tenure:.1f} points"
    assert f"{100 * high:.1f}%" in shown["years with the bank"][1]
    assert f"{100 * low:.1f}%" in shown["years with the bank"][1]
    for verdict in ("differs", "no difference found"):
        points = [float(row[2].split()[0]) for row in rows if row[1] == verdict]
        assert points == sorted(points, reverse=True) and len(points) > 3
    assert not [row for row in rows if "unknown" in row[2]]


# --- figures that the page computes


def test_a_trend_is_claimed_only_beyond_its_interval():
    def months(before, after, days=3000):
        return [
            {"month_starts_on": f"{2024 + at // 12}-{at % 12 + 1:02}-01", "is_complete": True, "new_churned_count": 0,
             "churned_count": before if at < 12 else after, "at_risk_days": days}
            for at in range(24)
        ]  # fmt: skip

    z = norm.ppf(0.975)
    same = render.trend(months(10, 10), z)
    assert same["verdict"] == "no_change" and same["change"] == 0
    assert same["lower"] == pytest.approx(-same["upper"])
    assert same["after"] == pytest.approx(10 / (3000 * 12 / 365.25))
    assert (same["from_month"], same["to_month"]) == ("2025-01", "2025-12")
    assert render.trend(months(10, 20), z)["verdict"] == "rising"
    assert render.trend(months(20, 10), z)["verdict"] == "falling"
    # near the exact conditional test of two rates
    for count in (100, 120, 140, 160):
        exact = bool(binomtest(count, 100 + count).pvalue < 0.05)
        k1, k2 = 100, count
        found = render.trend(
            [
                {**row, "churned_count": (k1 if at == 0 else k2 if at == 12 else 0)}
                for at, row in enumerate(months(0, 0))
            ],
            z,
        )
        assert (found["verdict"] == "rising") == exact
    assert render.trend(months(10, 20)[1:], z) is None
    withheld = months(10, 20)
    withheld[3]["churned_count"] = None
    assert render.trend(withheld, z) is None
    incomplete = [*months(10, 10), {**months(0, 99)[-1], "is_complete": False}]
    assert render.trend(incomplete, z) == same


def test_the_expected_number_has_the_range_of_the_last_prediction():
    z = norm.ppf(0.975)
    deciles = [
        {"churn_basis": "current", "customers_count": 100, "average_probability": 0.1, "churned_count": None},
        {"churn_basis": "window", "customers_count": 200, "average_probability": 0.2, "churned_count": 50},
    ]  # fmt: skip
    found = render.expected(deciles, z)
    interval = binomtest(50, 200).proportion_ci(method="wilson")
    assert found["expected"] == 10 and found["count"] == 100
    assert found["lower"] == pytest.approx(10 * interval.low / 0.2)
    assert found["upper"] == pytest.approx(10 * interval.high / 0.2)
    deciles[1]["churned_count"] = None
    assert "lower" not in render.expected(deciles, z)
    assert render.expected(deciles[1:], z) is None


def test_newcomers_who_churned_are_counted_where_months_cover_the_window(demo):
    sections = render.read(str(demo.published))
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        expected = connection.execute(
            "select count(*), count(*) filter (where is_churned) from intermediate.int_churn_spells_observed "
            "where entered_on between date '2025-01-01' and date '2025-12-31'"
        ).fetchone()
    assert sections["joined_and_churned"] == [{"joined": expected[0], "churned": expected[1]}]
    sections["portfolio"][0]["window_days"] = 364
    assert render.joined_and_churned(sections) is None


def test_plans_worth_doing_are_listed_once_with_what_they_cost_and_gain(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        plans = connection.execute(
            "select priorities.strategy_name || ' for ' || priorities.segment_name, priorities.expected_net_amount, "
            "total_cost_amount, priorities.reached_count, chosen_count from marts.strategy_priorities as priorities "
            "inner join marts.strategy_economics using (segment_scheme, segment_code, strategy_code) "
            "where priorities.decision_code = 'do' order by priorities.expected_net_amount desc"
        ).fetchall()
        at_risk, total = connection.execute(
            "select sum(total_value_at_risk_amount), sum(total_clv_amount) from marts.clv_tiers "
            "where is_active and tier_number > 0"
        ).fetchone()
        won_back = connection.execute(
            "select sum(customers_count) from marts.strategy_reach "
            "where action_mode = 'win_back' and reach_code = 'chosen'"
        ).fetchone()[0]
    rows = browser.evaluate(
        "[...document.querySelector('#actions table').querySelectorAll('tbody tr')]"
        ".map(r => [...r.cells].map(c => c.textContent))"
    )
    assert len(rows) == len(plans) > 3
    for row, (name, net, cost, reached, chosen) in zip(rows, plans, strict=True):
        assert row[0].lower() == name.lower()
        assert [row[2], row[4], row[5], row[8]] == [
            f"{x:,.0f}" for x in (net, cost, reached, chosen)
        ]
    summary = browser.evaluate("document.querySelector('#summary').innerText")
    assert f"{at_risk:,.0f} of the {total:,.0f} RUB" in summary
    assert f"net gain {plans[0][1]:,.0f} (" in summary and "What is doubtful:" in summary
    titles = titles_of(browser, "#actions")
    assert f"Win-back: {won_back:,} churned customers may be contacted" in titles
    # chores of data are no campaigns
    assert "data_quality" not in browser.evaluate(
        "[...document.querySelector('#scheme').options].map(o => o.value)"
    )
    assert "Check salary estimates" in browser.evaluate(
        "document.querySelector('#actions').textContent"
    )
    heading = browser.evaluate(
        "document.querySelector('#segment-filters').nextElementSibling.textContent"
    )
    assert heading.startswith("Churn segments: first ")


def test_a_chart_of_history_names_what_changed_since_the_build_before(browser, demo, tmp_path):
    sections = render.read(str(demo.published))
    browser.open(written(sections, tmp_path), 1280)
    assert browser.evaluate("document.querySelectorAll('.cause').length") == 0
    sections["causes"] = [{"mart_name": "rfm_segments", "cause": "rule rfm_segment_rules"}]
    browser.open(written(sections, tmp_path), 1280)
    assert browser.evaluate("[...document.querySelectorAll('.cause')].map(p => p.textContent)") == [
        "Changed since the build before, of all that these figures are made of: rule rfm_segment_rules. "
        "The whole line is counted with what is in force now, so the change makes no step in it."
    ]


def test_the_exposure_names_the_marts_of_the_page():
    exposures = yaml.safe_load((ROOT / "models" / "marts" / "_exposures.yml").read_text("utf-8"))
    (page,) = [one for one in exposures["exposures"] if one["name"] == "dashboard"]
    read = {
        name for _, query in render.SECTIONS.values() for name in re.findall(r"marts\.(\w+)", query)
    }
    assert {re.search(r"'(\w+)'", one)[1] for one in page["depends_on"]} == read


def test_every_text_comes_from_the_catalogue_and_all_of_it_is_used():
    code = (ROOT / "dashboard" / "page.js").read_text("utf-8")
    texts = json.loads((ROOT / "dashboard" / "texts.json").read_text("utf-8"))
    literals = set(re.findall(r'"([\w]*)"', code))
    prefixes = {name for name in literals if name.endswith("_")} | {"nav_"}
    unused = set(texts) - literals - {"language", "extract_currency"}
    assert {key for key in unused if not key.startswith(tuple(prefixes))} == set()
    assert {key for key in re.findall(r'say\("(\w+)"', code) if not key.endswith("_")} <= set(texts)
    # no sentence is written in the page itself
    strings = re.findall(r'"([^"\n]*)"|`([^`]*)`', re.sub(r"//.*", "", code))
    spoken = [a or b for a, b in strings if re.match(r"[A-Z][a-z]+ [a-z]+", a or b)]
    assert spoken == []


def test_another_catalogue_makes_another_language(browser, demo, tmp_path):
    texts = json.loads((ROOT / "dashboard" / "texts.json").read_text("utf-8"))
    path = tmp_path / "texts.json"
    path.write_text(json.dumps(texts | {"language": "de", "who": "Wer kündigt"}), "utf-8")
    page = tmp_path / "page.html"
    page.write_text(render.page(render.read(str(demo.published)), path), "utf-8")
    browser.open(page, 1280)
    assert browser.evaluate("document.querySelector('#who h2').textContent") == "Wer kündigt"
    assert browser.evaluate("document.documentElement.lang") == "de"
    assert "2.639" in rows_of(browser, "#products-chart")[0]
    path.write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="expected a text for "):
        render.page({}, path)


def test_on_a_snapshot_rates_describe_and_plans_are_conditional(browser, demo, tmp_path):
    browser.open(written(render.read(str(demo.published)), tmp_path), 1280)
    plan = "document.querySelector('#actions li').innerText"
    assert re.search(r"can reach [\d,]+ of the [\d,]+ current customers", browser.evaluate(plan))
    assert "recurs" not in browser.evaluate(plan)
    sections = render.read(str(demo.published))
    for row in [row for rows in sections.values() for row in rows]:
        row.update({"churn_basis": "snapshot"} if "churn_basis" in row else {})
        row.update({"window_days": None} if "window_days" in row else {})
        row.update({"is_descriptive_only": True} if "is_descriptive_only" in row else {})
    browser.errors.clear()
    browser.open(written(sections, tmp_path), 1280)
    summary = browser.evaluate("document.querySelector('#summary').innerText.split('\\n')")
    assert any(line.startswith("Churn: a flag without dates.") for line in summary)
    assert "Customers at risk" not in summary
    assert re.match(
        r"1 product: churned [\d,]+ of [\d,]+ customers \(", rows_of(browser, "#products-chart")[0]
    )
    assert "if the rate of the snapshot recurs" in browser.evaluate(plan)
    assert browser.errors == []


# --- layout


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_width_and_passes_axe(browser, demo_page, width):
    package = importlib.metadata.distribution("axe-playwright-python")
    script = package.locate_file("axe_playwright_python/axe.min.js").read_text("utf-8")
    browser.errors.clear()
    browser.open(demo_page, width)
    sections = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert sections == [
        "summary", "who", "drivers", "segments", "next", "time", "distributions", "engagement", "value", "actions",
        "trust", "glossary",
    ]  # fmt: skip
    links = browser.evaluate("[...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    assert links == sections
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(
        "[...document.querySelectorAll('.chart, .lines')].every(chart => chart.querySelector('table'))"
    )
    # on a narrow screen no column is out of sight: cells stand below each other, behind their heads
    assert (width > 640) == browser.evaluate(
        "getComputedStyle(document.querySelector('#drivers thead')).display !== 'none'"
    )
    assert browser.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth + 1)"
    )
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.screenshot(SCREENSHOTS / f"dashboard-{width}.png")
    assert browser.errors == []
    browser.evaluate(
        script + ";for (const one of document.querySelectorAll('details')) one.open = true"
    )
    found = browser.evaluate(
        "axe.run().then(({passes, violations}) => ({passes: passes.length, "
        "violations: violations.map(({id, nodes}) => id + ': ' + nodes[0].html)}))"
    )
    assert found["violations"] == [] and found["passes"] > 40
    # a violation would be reported
    browser.evaluate("document.querySelector('select').labels[0].remove()")
    found = browser.evaluate("axe.run().then(({violations}) => violations.map(({id}) => id))")
    assert found == ["select-name"]


def test_sections_follow_what_was_published(browser, demo, tmp_path):
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{demo.published}' as whole (read_only)")
        connection.execute("create schema marts")
        for mart in ("run_manifest", "churn_rates_by_product_count"):
            connection.execute(f"create table marts.{mart} as from whole.marts.{mart}")
        for mart, rows in (
            ("rfm_segments", "limit 0"),
            ("clv_tiers", "where tier_set = 'terciles'"),
        ):
            connection.execute(f"create table marts.{mart} as from whole.marts.{mart} {rows}")
    browser.errors.clear()
    browser.open(rendered(path, tmp_path), 1280)
    sections = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert sections == ["summary", "who", "value", "glossary"] and browser.errors == []
    assert browser.evaluate("document.querySelectorAll('[name=city]').length") == 0
    # the shares are of the value of current customers, so churned ones are no row
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        expected = connection.execute(
            "select clv_tier, customers_count, total_clv_amount / sum(total_clv_amount) over () from marts.clv_tiers "
            "where tier_set = 'terciles' and tier_number > 0 order by tier_number desc"
        ).fetchall()
    tiers = rows_of(browser, "#value")
    assert [tier.split(" ")[0].lower() for tier in tiers] == [tier for tier, _, _ in expected]
    for shown_tier, (_, count, share) in zip(tiers, expected, strict=True):
        assert f": {count:,} customers, {100 * share:.1f}% of the value." in shown_tier


def test_what_follows_from_inactivity_and_what_has_no_data_is_left_out(browser, demo, tmp_path):
    sections = render.read(str(demo.published))
    (definition,) = [r for r in sections["manifest"] if r["item_name"] == "churn_definition"]
    assert definition["item_value"] == "closing_date"
    definition["item_value"] = "inactivity"
    for row in sections["intervals"]:
        row["counts_silence"] = row["feature_name"] == "recency_days"
    for name in [name for name in sections if name.startswith("by_")] + ["distributions"]:
        del sections[name]
    browser.errors.clear()
    browser.open(written(sections, tmp_path), 1280)
    summary = browser.evaluate("document.querySelector('#summary').innerText")
    assert "A customer has churned after 180 days without activity" in summary
    # the portfolio has a rate without any dimension
    assert "5,151 customers at risk on 2024-12-31, those who churned within 365 days." in summary
    # segments of recency would say by definition who has been silent
    assert not [row for row in rows_of(browser, "#engagement") if "churned" in row]
    assert not [title for title in titles_of(browser, "#drivers") if "last activity" in title]
    shown = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert "engagement" in shown and not {"who", "distributions"} & set(shown)
    assert browser.errors == []


def test_the_studys_dashboard_shows_the_studys_figures(browser, churn_modelling, tmp_path):
    browser.errors.clear()
    browser.open(rendered(churn_modelling.published, tmp_path), 1280)
    assert "a flag without dates" in browser.evaluate(
        "document.querySelector('#summary .period').innerText"
    )
    one_product = "document.querySelector('#products-chart .row').innerText.split('\\n')"
    assert browser.evaluate(one_product) == ["1 product", "5,084", "27.7%"]
    choose(browser, "Rostov Veliky")
    assert browser.evaluate(one_product) == ["1 product", "1,349", "42.8%"]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.screenshot(SCREENSHOTS / "study-rostov-veliky.png", "#who")
    assert browser.errors == []
