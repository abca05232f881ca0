"""One self-contained HTML page from the published file: no server, no network, the same bytes for the same marts.

A section whose mart is missing or empty is omitted.
"""

import argparse
import json
import os
import pathlib
import sys
from decimal import Decimal
from statistics import NormalDist

import duckdb

FOLDER = pathlib.Path(__file__).parent
MARK = '<meta name="generator" content="clientele">'  # of a page that may be replaced
OUTCOME = "churned_count, churn_rate, churn_rate_ci_lower, churn_rate_ci_upper"
# of a cut of the customers at risk, each row with its test against the rest
CUT = f"customers_count, {OUTCOME}, is_small_cell, lift, q_value, churn_basis, observed_on, window_days"
# of today's customers, beside the outcome of those at risk
TODAY = f"customers_count, known_outcome_count, {OUTCOME}"

# section -> its mart and the rows that the page needs of it, in a fixed order
SECTIONS = {
    "manifest": (
        "run_manifest",
        "select * from marts.run_manifest where item_name <> 'duration_seconds' order by item_kind, item_name",
    ),
    "by_product_count": (
        "churn_rates_by_product_count",
        f"select product_count, {CUT} from marts.churn_rates_by_product_count "
        "order by product_count nulls last",
    ),
    "by_city_and": (
        "churn_rates",
        "select cut_name, city, coalesce(age_band, gender, cast(product_count as varchar), 'unknown') as label, "
        f"{CUT} from marts.churn_rates "
        "where cut_name in ('city x age_band', 'city x gender', 'city x product_count') "
        "order by cut_name, city, age_band_number nulls last, label",
    ),
    "by_city": (
        "churn_rates_by_city",
        f"select city as label, {CUT} from marts.churn_rates_by_city order by city",
    ),
    "by_age": (
        "churn_rates_by_age_band",
        f"select age_band_set, age_band as label, {CUT} from marts.churn_rates_by_age_band "
        "order by age_band_set, try_cast(regexp_extract(age_band, '\\d+') as integer) nulls last, age_band",
    ),
    "by_gender": (
        "churn_rates_by_gender",
        f"select gender as label, {CUT} from marts.churn_rates_by_gender order by gender",
    ),
    "by_product": (
        "churn_rates_by_product",
        f"select product_code as label, {CUT} from marts.churn_rates_by_product "
        "order by product_code",
    ),
    "cut_tests": (
        "churn_cut_tests",
        "select cut_name, q_value from marts.churn_cut_tests "
        "where cut_name not like '% x %' order by cut_name",
    ),
    "intervals": (
        "churn_intervals",
        # a withheld interval has only its size, so a feature's leak and strength come from its other rows
        "select feature_name, interval_label as label, confirmation_count as customers_count, "
        "confirmation_churned_count as churned_count, confirmation_churn_rate as churn_rate, "
        "confirmation_churn_rate_ci_lower as churn_rate_ci_lower, "
        "confirmation_churn_rate_ci_upper as churn_rate_ci_upper, lift, is_significant, "
        "bool_or(is_suspected_leak) over (partition by feature_name) as is_leak, "
        "max(information_value) over (partition by feature_name) as strength from marts.churn_intervals "
        "order by is_leak, strength desc nulls last, feature_name, interval_number",
    ),
    "segments": (
        "churn_segments",
        "select segment_name as label, sentence, confirmation_count as customers_count, "
        "confirmation_churned_count as churned_count, confirmation_churn_rate as churn_rate, "
        "confirmation_churn_rate_ci_lower as churn_rate_ci_lower, "
        "confirmation_churn_rate_ci_upper as churn_rate_ci_upper from marts.churn_segments order by segment_rank",
    ),
    "hypotheses": (
        "churn_hypothesis_tests",
        "select statement, part, test_name, verdict, sentence, q_value, effect_name, effect_size "
        "from marts.churn_hypothesis_tests order by hypothesis_rank, statement, part, test_name",
    ),
    "rfm": (
        "rfm_segments",
        f"select rfm_scheme, rfm_segment_name as label, reading, {TODAY} from marts.rfm_segments "
        "order by rfm_scheme, customers_count desc, label",
    ),
    "clusters": (
        "cluster_profiles",
        f"select cluster_set, cluster_name as label, interpretation as reading, {TODAY}, average_age, "
        "average_monetary_amount, average_frequency_count, average_recency_days "
        "from marts.cluster_profiles order by cluster_set, cluster_code",
    ),
    "clv_tiers": (
        "clv_tiers",
        # churned customers, tier number 0, come last
        "select tier_set, clv_tier as label, tier_number, lower_bound_amount, upper_bound_amount, customers_count, "
        "value_share from marts.clv_tiers order by is_active desc, tier_set, tier_number desc",
    ),
    "strategies": (
        "strategy_priorities",
        "select p.segment_scheme, p.priority_rank, p.segment_name, p.strategy_name, p.remaining_count, "
        "p.reached_count, p.planning_churn_rate, p.expected_churned_customers, p.window_days, p.is_extrapolated, "
        "p.is_descriptive_only, p.least_kept_amount, p.expected_kept_amount, p.most_kept_amount, "
        "p.expected_kept_customers, p.effort_days, p.lead_time_days, p.prerequisite, p.is_test_first, s.offers, "
        "s.uses_protected_attribute from marts.strategy_priorities as p "
        "left join marts.strategy_segments as s "
        "on p.segment_scheme = s.segment_scheme and p.segment_code = s.segment_code "
        "order by p.segment_scheme, p.priority_rank",
    ),
}


def plain(value):
    """A value for JSON: money as a number, dates and all else as text."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def read(path: str) -> dict[str, list[dict]]:
    """Section -> its rows, for every section that has any."""
    sections = {}
    with duckdb.connect(path, read_only=True) as connection:
        marts = {
            name
            for (name,) in connection.sql(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        }
        for section, (mart, query) in SECTIONS.items():
            if mart in marts:
                result = connection.execute(query)
                names = [column[0] for column in result.description]
                rows = [dict(zip(names, map(plain, row), strict=True)) for row in result.fetchall()]
                if rows:
                    sections[section] = rows
    for item in sections.get("manifest", []):
        if item["item_name"] == "confidence_level":
            level = float(item["item_value"])
            quantile = NormalDist().inv_cdf((1 + level) / 2)
            sections["confidence"] = [{"level": f"{100 * level:.4g}%", "quantile": quantile}]
    return sections


def page(sections: dict[str, list[dict]]) -> str:
    data = json.dumps(sections, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # a value that holds </script> must not end the script
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    html = (FOLDER / "page.html").read_text("utf-8")
    for name, text in (
        ("/*STYLE*/", (FOLDER / "page.css").read_text("utf-8")),
        ("/*SCRIPT*/", (FOLDER / "page.js").read_text("utf-8")),
        ("/*DATA*/", data),
    ):
        html = html.replace(name, text, 1)
    return html


def main() -> None:
    published = os.environ.get("CLIENTELE_PUBLISHED", "published/clientele.duckdb")
    parser = argparse.ArgumentParser(description="Render the dashboard from the published marts.")
    parser.add_argument("--published", default=published)
    parser.add_argument("--out", help="default: dashboard.html beside the published file")
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.out or pathlib.Path(arguments.published).parent / "dashboard.html")
    if not pathlib.Path(arguments.published).is_file():
        sys.exit(f"{arguments.published} does not exist: publish a build first (make build).")
    if out.exists() and MARK not in out.read_text("utf-8", "replace"):
        sys.exit(f"{out} was not made by make dashboard and is left alone: expected no such file.")
    try:
        html = page(read(arguments.published))
    except duckdb.Error as error:
        sys.exit(f"{arguments.published} cannot be read: {str(error).splitlines()[0]}")
    temporary = out.with_name(out.name + ".part")
    temporary.write_text(html, encoding="utf-8", newline="")
    os.replace(temporary, out)
    print(f"The dashboard is {out}.")


if __name__ == "__main__":
    main()
