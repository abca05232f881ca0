"""The page that people see: its numbers are the mart's, in a real browser, and it asks nobody for anything."""

import importlib.metadata
import importlib.util
import json
import re

import duckdb
import pytest
from browser import Page, find_browser
from conftest import ROOT
from scipy.stats import binomtest

SCREENSHOTS = ROOT / "target" / "screenshots"

spec = importlib.util.spec_from_file_location("render", ROOT / "dashboard" / "render.py")
render = importlib.util.module_from_spec(spec)
spec.loader.exec_module(render)


def rendered(published, folder):
    path = folder / "dashboard.html"
    path.write_text(render.page(render.read(str(published))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    executable = find_browser()
    if not executable:
        pytest.skip("Chromium is not installed: the dashboard is not tried in a browser")
    page = Page(executable, tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def demo_page(demo, tmp_path_factory):
    return rendered(demo.published, tmp_path_factory.mktemp("page"))


ROWS = "[...document.querySelectorAll('#products .row')].map(row => row.getAttribute('aria-label'))"


def shown(browser):
    """Number of products -> customers, left and the share with its interval in per cent, as the page says them."""
    found = {}
    for text in browser.evaluate(ROWS):
        match = re.match(
            r"(\d) products?: ([\d,]+) customers?, ([\d,]+) left "
            r"\(([\d.]+) %; 95 % interval ([\d.]+) % to ([\d.]+) %\)",
            text,
        )
        assert match, text
        count, customers, left, *shares = match.groups()
        found[int(count)] = [
            int(customers.replace(",", "")),
            int(left.replace(",", "")),
            *map(float, shares),
        ]
    return found


def choose(browser, *towns):
    """Ticks these towns and no others, with the mouse's own event."""
    browser.evaluate(
        "for (const box of document.querySelectorAll('[name=town]'))"
        f" if (box.checked !== {json.dumps(towns)}.includes(box.value)) box.click()"
    )


def in_mart(build, *towns):
    """The same from the published cube, its interval by SciPy."""
    chosen = ", ".join(f"'{town}'" for town in towns)
    with duckdb.connect(str(build.published), read_only=True) as connection:
        rows = connection.sql(
            "select split_part(cut_value, ' x ', 2)::int, sum(customers_count)::int, sum(churned_count)::int "
            "from marts.churn_rates where cut_name = 'city x product_count' "
            f"and split_part(cut_value, ' x ', 1) in ({chosen}) group by 1"
        ).fetchall()
    expected = {}
    for count, n, k in rows:
        interval = binomtest(k, n).proportion_ci(method="wilson")
        shares = [round(100 * share, 1) for share in (k / n, interval.low, interval.high)]
        expected[count] = [n, k, *shares]
    return expected


def approximately(rows):
    return {count: pytest.approx(row, abs=0.051) for count, row in rows.items()}


# --- the file


def test_the_page_is_the_same_bytes_again_and_asks_for_nothing(demo, demo_page, tmp_path):
    html = demo_page.read_bytes()
    assert rendered(demo.published, tmp_path).read_bytes() == html
    assert len(html) < 1_000_000
    assert not re.findall(rb"""(?:src|href)\s*=\s*["']?(?!#|data:)[^"'> ]""", html)
    assert b"duration_seconds" not in html


def test_hostile_text_ends_no_script():
    html = render.page({"manifest": [{"item_value": "</script><script>alert(1)</script><!--"}]})
    assert html.count("</script>") == 2 and "<!--" not in html


def test_a_page_of_a_missing_file_is_refused_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["render.py", "--published", str(tmp_path / "none.duckdb")])
    with pytest.raises(SystemExit, match="does not exist: publish a build first"):
        render.main()


# --- in the browser


def test_one_town_two_towns_and_all_show_the_numbers_of_the_mart(browser, demo, demo_page):
    browser.errors.clear()
    browser.open(demo_page, 1280)
    towns = browser.evaluate("[...document.querySelectorAll('[name=town]')].map(box => box.value)")
    assert {"Rostov Veliky", "Rybinsk", "Yaroslavl"} <= set(towns)
    everything = in_mart(demo, *towns)
    assert shown(browser) == approximately(everything)
    choose(browser, "Rostov Veliky")
    assert shown(browser) == approximately(in_mart(demo, "Rostov Veliky")) != everything
    choose(browser, "Rostov Veliky", "Rybinsk")
    assert shown(browser) == approximately(in_mart(demo, "Rostov Veliky", "Rybinsk"))
    title = browser.evaluate("document.querySelector('#products h3').textContent")
    assert title.startswith("Rostov Veliky and Rybinsk: ")
    choose(browser)
    assert "choose at least one" in browser.evaluate(
        "document.querySelector('#products h3').textContent"
    )
    browser.evaluate("document.querySelector('#products button').click()")
    assert shown(browser) == approximately(everything)
    assert browser.errors == []


def test_filters_work_from_the_keyboard(browser, demo, demo_page):
    browser.open(demo_page, 1280)
    for _ in range(60):
        browser.press("Tab", 9)
        if browser.evaluate("document.activeElement.value") == "Yaroslavl":
            break
    browser.press(" ", 32, " ")
    towns = browser.evaluate(
        "[...document.querySelectorAll('[name=town]:checked')].map(b => b.value)"
    )
    assert towns and "Yaroslavl" not in towns
    assert shown(browser) == approximately(in_mart(demo, *towns))


def test_counts_are_told_on_hover_and_every_chart_has_a_title_and_a_table(browser, demo_page):
    browser.open(demo_page, 1280)
    browser.evaluate(
        "document.querySelector('#products .row').dispatchEvent(new MouseEvent('mouseenter'))"
    )
    assert " left (" in browser.evaluate("document.querySelector('#tip').textContent")
    assert browser.evaluate(
        "[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('table') "
        "&& chart.closest('section').querySelector('h2').textContent)"
    )
    assert browser.evaluate(
        "[...document.querySelectorAll('input, select')].every(control => control.labels.length)"
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_width(browser, demo_page, width):
    browser.errors.clear()
    browser.open(demo_page, width)
    sections = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert {"products", "cuts", "rfm", "intervals", "hypotheses", "strategies"} <= set(sections)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.screenshot(SCREENSHOTS / f"dashboard-{width}.png")
    assert browser.errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_has_no_fault_of_accessibility_that_axe_knows(browser, demo_page, width):
    package = importlib.metadata.distribution("axe-playwright-python")
    script = package.locate_file("axe_playwright_python/axe.min.js").read_text("utf-8")
    browser.open(demo_page, width)
    browser.evaluate(
        script + ";for (const one of document.querySelectorAll('details')) one.open = true"
    )
    found = browser.evaluate(
        "axe.run().then(({passes, violations}) => ({passes: passes.length, "
        "violations: violations.map(({id, nodes}) => id + ': ' + nodes[0].html)}))"
    )
    assert found["violations"] == [] and found["passes"] > 40
    # it would say so
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
        connection.execute(
            "create table marts.rfm_segments as from whole.marts.rfm_segments limit 0"
        )
        connection.execute(
            "create table marts.clv_tiers as from (values "
            "('terciles', 'high', 800, null, 10, 0.7, true), ('terciles', 'low', null, 800, 20, 0.3, true)) "
            "t(tier_set, clv_tier, lower_bound_amount, upper_bound_amount, customers_count, value_share, is_active)"
        )
    browser.errors.clear()
    browser.open(rendered(path, tmp_path), 1280)
    sections = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert sections == ["products", "value"] and browser.errors == []
    assert "70.0 %" in browser.evaluate("document.querySelector('#value h3').textContent")
    assert browser.evaluate("document.querySelectorAll('[name=town]').length") == 0


def test_a_withheld_outcome_is_neither_shown_nor_added_up(browser, demo, tmp_path):
    sections = render.read(str(demo.published))
    cell = next(
        row for row in sections["by_city_and_product_count"] if row["cut_value"] == "Rybinsk x 4"
    )
    cell.update(
        dict.fromkeys(["churned_count", "churn_rate", "churn_rate_ci_lower", "churn_rate_ci_upper"])
    )
    path = tmp_path / "dashboard.html"
    path.write_text(render.page(sections), encoding="utf-8")
    browser.open(path, 1280)
    for towns in (["Rybinsk"], ["Rybinsk", "Yaroslavl"]):
        choose(browser, *towns)
        four = browser.evaluate(ROWS)[3]
        assert "withheld" in four and " left (" not in four


def test_the_studys_dashboard_shows_the_studys_figures(browser, churn_modelling, tmp_path):
    browser.errors.clear()
    browser.open(rendered(churn_modelling.published, tmp_path), 1280)
    one_product = "document.querySelector('#products .row').innerText.split('\\n')"
    assert browser.evaluate(one_product) == ["1 product", "5,084", "27.7 %"]
    choose(browser, "Rostov Veliky")
    assert browser.evaluate(one_product) == ["1 product", "1,349", "42.8 %"]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.screenshot(SCREENSHOTS / "study-rostov-veliky.png", "#products")
    assert browser.errors == []
