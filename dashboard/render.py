"""One self-contained HTML page from the published file: no server, no network, the same bytes for the same marts.

A section whose mart is missing or empty is omitted.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import sys
from decimal import Decimal
from statistics import NormalDist

import duckdb
from customer_science.comparisons import wilson

FOLDER = pathlib.Path(__file__).parent
TEXTS = FOLDER / "texts.json"
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
        "select * from marts.run_manifest where item_name <> 'duration_seconds' "
        "and item_kind in ('build', 'setting', 'input') order by item_kind, item_name",
    ),
    "portfolio": (
        "churn_rates",
        f"select {CUT} from marts.churn_rates where cut_name = 'portfolio'",
    ),
    "by_product_count": (
        "churn_rates_by_product_count",
        f"select product_count, {CUT} from marts.churn_rates_by_product_count "
        "order by product_count nulls last",
    ),
    "by_city_and": (
        "churn_rates",
        "select cut_name, city, coalesce(age_band, gender, cast(product_count as varchar), "
        "case when is_active then 'yes' when not is_active then 'no' end, 'unknown') as label, "
        f"{CUT} from marts.churn_rates "
        "where cut_name in ('city x age_band', 'city x gender', 'city x product_count', 'city x is_active') "
        "order by cut_name, city, age_band_number nulls last, label",
    ),
    "cuts": (
        "churn_rates",
        "select cut_name, cut_value as label, customers_count, churn_rate, is_small_cell from marts.churn_rates "
        "where cut_count = 1 order by cut_name, cut_value_number nulls last, cut_value",
    ),
    "by_active": (
        "churn_rates",
        f"select cut_value as label, {CUT} from marts.churn_rates where cut_name = 'is_active' order by label",
    ),
    "by_city": (
        "churn_rates_by_city",
        f"select city as label, {CUT} from marts.churn_rates_by_city order by city",
    ),
    "by_age": (
        "churn_rates_by_age_band",
        f"select age_band_set, age_band as label, {CUT} from marts.churn_rates_by_age_band "
        "order by age_band_set, age_band_number nulls last",
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
        "select cut_name, q_value, joined_in_window_count from marts.churn_cut_tests "
        "where cut_name not like '% x %' order by cut_name",
    ),
    "intervals": (
        "churn_intervals",
        # a withheld interval has only its size, so what is the same for a feature comes from its other rows
        "select feature_name, feature_label, interval_label as label, "
        "confirmation_count + coalesce(discovery_count, 0) as customers_count, confirmation_count as basis_count, "
        "confirmation_churned_count as churned_count, confirmation_churn_rate as churn_rate, "
        "confirmation_churn_rate_ci_lower as churn_rate_ci_lower, "
        "confirmation_churn_rate_ci_upper as churn_rate_ci_upper, "
        "max(feature_q_value) over (partition by feature_name) as feature_q_value, "
        "bool_or(is_suspected_leak) over (partition by feature_name) as is_leak, "
        "coalesce(bool_or(leak_reason is not null and not is_suspected_leak) over (partition by feature_name), false) "
        "as counts_silence from marts.churn_intervals order by feature_name, interval_number",
    ),
    "distributions": (
        "churn_distributions",
        "select feature_name, feature_label, interval_label as label, customers_count, churned_count, "
        "churned_share, retained_share "
        "from marts.churn_distributions order by feature_name, interval_number",
    ),
    "segments": (
        "churn_segments",
        "select segment_name as label, remaining_count, confirmation_count as basis_count, "
        "confirmation_count + coalesce(discovery_count, 0) as customers_count, "
        "confirmation_churned_count as churned_count, confirmation_churn_rate as churn_rate, "
        "confirmation_churn_rate_ci_lower as churn_rate_ci_lower, "
        "confirmation_churn_rate_ci_upper as churn_rate_ci_upper, lift, lift_ci_lower, lift_ci_upper, "
        "confirmation_churn_rate / nullif(lift, 0) as rest_rate from marts.churn_segments order by segment_rank",
    ),
    "hypotheses": (
        "churn_hypothesis_tests",
        "select hypothesis_code, statement, part, test_name, hypothesis_verdict, sentence "
        "from marts.churn_hypothesis_tests order by hypothesis_rank, statement, part, test_name",
    ),
    "deciles": (
        "churn_score_deciles",
        "select * from marts.churn_score_deciles order by churn_basis, churn_decile",
    ),
    "by_month": (
        "churn_rates_by_month",
        "select month_starts_on, start_count, churned_count, new_churned_count, at_risk_days, churn_rate, "
        "churn_rate_ci_lower, churn_rate_ci_upper, "
        "is_complete from marts.churn_rates_by_month order by month_starts_on",
    ),
    "retention": (
        "retention_by_cohort",
        "select cohort_year, months_since_joining, observed_from_month, retention_rate from marts.retention_by_cohort "
        "where observed_from_month <= 1 order by cohort_year, months_since_joining",
    ),
    "today": (
        "strategy_segments",
        # current customers by segment, churned ones left out
        "select segment_scheme, segment_name as label, remaining_count as customers_count, "
        f"known_outcome_count, {OUTCOME} "
        "from marts.strategy_segments where segment_scheme in ('rfm', 'cluster') "
        "order by segment_scheme desc, remaining_count desc, label",
    ),
    "rfm": (
        "rfm_segments",
        f"select rfm_scheme, rfm_segment_name as label, {TODAY} from marts.rfm_segments "
        "order by rfm_scheme, customers_count desc, label",
    ),
    "clusters": (
        "cluster_profiles",
        f"select cluster_set, cluster_name as label, interpretation as reading, {TODAY} "
        "from marts.cluster_profiles order by cluster_set, cluster_code",
    ),
    "history": (
        "segment_history",
        "select segment_scheme, segment_name as label, observed_on, customers_count, arrived_count, entered_count, "
        "moved_count, churned_count from marts.segment_history "
        "order by segment_scheme, observed_on, segment_code",
    ),
    "changes": (
        "quality_changes",
        "select sentence from marts.quality_changes where is_beyond_noise order by change_rank limit 5",
    ),
    "causes": (
        "quality_changes",
        "select mart_name, max(cause) as cause from marts.quality_changes where cause is not null "
        "and mart_name in ('churn_rates', 'rfm_segments', 'cluster_profiles', 'clv_tiers', 'strategy_segments') "
        "group by mart_name order by mart_name",
    ),
    "clv_tiers": (
        "clv_tiers",
        # churned customers, tier number 0, come last
        "select tier_set, clv_tier as label, tier_number, clv_family, lower_bound_amount, upper_bound_amount, "
        "customers_count, "
        "total_clv_amount, total_value_at_risk_amount, value_share, is_active from marts.clv_tiers "
        "order by is_active desc, tier_set, tier_number desc",
    ),
    "strategies": (
        "strategy_priorities",
        "select p.* exclude (reason), s.offers, "
        "s.uses_protected_attribute from marts.strategy_priorities as p "
        "left join marts.strategy_segments as s "
        "on p.segment_scheme = s.segment_scheme and p.segment_code = s.segment_code "
        "order by p.segment_scheme, p.priority_rank nulls last, p.segment_code, p.strategy_name",
    ),
    "economics": (
        "strategy_economics",
        "select * exclude (reason) from marts.strategy_economics "
        "order by segment_scheme, segment_code, strategy_code",
    ),
    "reach": (
        "strategy_reach",
        "select strategy_name, action_mode, reach_code, customers_count, proposed_count from marts.strategy_reach "
        "order by strategy_code, action_mode, reach_code",
    ),
    "budgets": (
        "budget_allocation",
        "select scenario_name, budget_amount, sum(spend_amount) as spend_amount, sum(least_net_amount) as "
        "least_net_amount, "
        "sum(expected_net_amount) as expected_net_amount, sum(most_net_amount) as most_net_amount, "
        "sum(even_expected_net_amount) as even_expected_net_amount, "
        # contacts that lose money are there because a tier has a minimum
        "sum(case when floor_amount > 0 then least(expected_net_amount, 0) else 0 end) as floor_net_amount, "
        "string_agg(distinct clv_tier, ', ' order by clv_tier) filter "
        "(where floor_amount > 0 and expected_net_amount < 0) as floor_tiers from marts.budget_allocation "
        "group by scenario_code, scenario_name, budget_amount order by budget_amount, scenario_code",
    ),
    "campaign_sizes": (
        "campaign_sizes",
        "select campaign_name, contacts_start_on, contacts_end_on, treated_count, holdout_count, is_answerable, "
        "needed_test_count from marts.campaign_sizes order by contacts_start_on, campaign_code",
    ),
    "readouts": (
        "campaign_readout",
        "select campaign_name, segment_scheme, outcome_code, treated_known_count, treated_kept_count, "
        "holdout_known_count, holdout_kept_count, difference_ci_lower, difference_ci_upper, verdict "
        "from marts.campaign_readout where segment_scheme = 'all' order by campaign_code, outcome_code",
    ),
    "reconciliation": (
        "quality_reconciliation",
        "select source_name, raw_count, conformed_count, quarantined_count, deduplicated_count, is_reconciled "
        "from marts.quality_reconciliation order by source_name",
    ),
    "inputs": (
        "quality_inputs",
        "select entity_name, note from marts.quality_inputs order by entity_name",
    ),
    "blanks": (
        "quality_inputs",
        "select entity_name, blanks.key as column_name, blanks.value::bigint as blank_count, staged_count, "
        "blank_count / staged_count as blank_share from marts.quality_inputs, json_each(blank_counts) as blanks "
        "order by blank_share desc, entity_name, column_name",
    ),
    "drift": (
        "quality_drift",
        # the levels of a feature share its verdict
        "select feature_label, max(then_on) as then_on, max(now_on) as now_on, max(verdict) as verdict, "
        "max(population_stability_index) as population_stability_index from marts.quality_drift "
        "group by feature_name, feature_label having max(verdict) is not null "
        "order by population_stability_index desc nulls last, feature_name",
    ),
    "churn_models": (
        "churn_model_metrics",
        "select model_code, feature_set, sample, metric_name, metric_value, is_baseline, is_scored "
        "from marts.churn_model_metrics where sample = 'cross_validation' order by feature_set, model_code, "
        "metric_name",
    ),
    "clv_models": (
        "clv_model_metrics",
        # the family in use, on its latest back-test
        "select model_code || coalesce(' ' || nullif(feature_set, 'none'), '') as name, model_code, feature_set, "
        "metric_name, metric_value, is_baseline, is_served from marts.clv_model_metrics "
        "where sample in ('holdout', 'cross_validation') and cohort in ('all', 'none') and target_name <> 'purchases' "
        "and metric_name in ('mae', 'total_bias', 'interval_coverage') "
        "and (clv_family, target_name) in (select (clv_family, target_name) from marts.clv_model_metrics "
        "where is_served) "
        "qualify measured_on is not distinct from max(measured_on) over (partition by clv_family, target_name) "
        "order by name, metric_name",
    ),
    "fairness": (
        "quality_fairness",
        "select decision_name, group_name, group_value, verdict, customers_count, average_probability, churn_rate, "
        "selected_share from marts.quality_fairness as f "
        # of scores, those that are in use
        "where group_name <> 'portfolio' and (decision_name <> 'score' "
        "or feature_set in (select feature_set from marts.quality_fairness where decision_name = 'strategy')) "
        "order by decision_name, group_name, group_value",
    ),
}  # fmt: skip


def plain(value):
    """A value for JSON: money as a number, dates and all else as text."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def poisson_interval(count: int, exposure: float, z: float) -> tuple[float, float]:
    """The score interval of a rate of events per unit of exposure."""
    middle, half = count + z * z / 2, z * math.sqrt(count + z * z / 4)
    return (middle - half) / exposure, (middle + half) / exposure


def trend(months: list[dict], z: float) -> dict | None:
    """Churn per month in the last twelve complete months and in the twelve before, by days at risk, with the
    interval of the difference from both intervals (Zou and Donner 2008)."""
    complete = [row for row in months if row["is_complete"]][-24:]
    needed = ("churned_count", "new_churned_count", "at_risk_days")
    if len(complete) < 24 or any(row[name] is None for row in complete for name in needed):
        return None
    sides = []
    for rows in (complete[:12], complete[12:]):
        count = sum(row["churned_count"] + row["new_churned_count"] for row in rows)
        exposure = sum(row["at_risk_days"] for row in rows) * 12 / 365.25  # in months
        if not exposure:
            return None
        sides.append((count / exposure, *poisson_interval(count, exposure, z)))
    (before, lowest_before, highest_before), (after, lowest, highest) = sides
    change = after - before
    lower = change - math.hypot(after - lowest, highest_before - before)
    upper = change + math.hypot(highest - after, before - lowest_before)
    return {
        "before": before, "after": after, "change": change, "lower": lower, "upper": upper,
        "from_month": complete[12]["month_starts_on"][:7], "to_month": complete[-1]["month_starts_on"][:7],
        "verdict": "rising" if lower > 0 else "falling" if upper < 0 else "no_change",
    }  # fmt: skip


def expected(deciles: list[dict], z: float) -> dict | None:
    """How many current customers are expected to churn. The range is that of the ratio of churned to predicted
    customers in the window whose outcome is known."""
    now = [row for row in deciles if row["churn_basis"] == "current"]
    known = [row for row in deciles if row["churn_basis"] == "window"]
    if not now or any(row["average_probability"] is None for row in now):
        return None
    count = sum(row["customers_count"] * row["average_probability"] for row in now)
    found = {"expected": count, "count": sum(row["customers_count"] for row in now)}
    if known and all(row["churned_count"] is not None for row in known):
        total = sum(row["customers_count"] for row in known)
        predicted = sum(row["customers_count"] * row["average_probability"] for row in known)
        bounds = wilson(sum(row["churned_count"] for row in known), total, z)
        if predicted:
            found["lower"], found["upper"] = (count * bound * total / predicted for bound in bounds)
    return found


def joined_and_churned(sections: dict[str, list[dict]]) -> dict | None:
    """Customers who joined within the outcome window and churned in it: those who churned in its months and were not at
    risk on its first day. Known where months cover the window exactly."""
    portfolio = next(iter(sections.get("portfolio", [])), {})
    if portfolio.get("churn_basis") != "window" or portfolio.get("churned_count") is None:
        return None
    first = datetime.date.fromisoformat(portfolio["observed_on"]) + datetime.timedelta(days=1)
    after = first + datetime.timedelta(days=portfolio["window_days"])
    months = [
        row
        for row in sections.get("by_month", [])
        if first.isoformat() <= row["month_starts_on"] < after.isoformat()
    ]
    joined = max(
        (row["joined_in_window_count"] or 0 for row in sections.get("cut_tests", [])), default=0
    )
    if (
        not months or first.day != 1 or after.day != 1 or months[0]["month_starts_on"] != first.isoformat()
        or any(row["churned_count"] is None or row["new_churned_count"] is None for row in months)
    ):  # fmt: skip
        return None
    churned = sum(row["churned_count"] + row["new_churned_count"] for row in months)
    return {"joined": joined, "churned": churned - portfolio["churned_count"]}


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
            figures = {
                "trend": trend(sections.get("by_month", []), quantile),
                "expected": expected(sections.get("deciles", []), quantile),
                "joined_and_churned": joined_and_churned(sections),
            }
            sections |= {name: [figure] for name, figure in figures.items() if figure}
    return sections


def embedded(value) -> str:
    """JSON for a script element, which a text that holds </script> must not end."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def page(sections: dict[str, list[dict]], texts: pathlib.Path = TEXTS) -> str:
    words = json.loads(texts.read_text("utf-8"))
    if missing := sorted(json.loads(TEXTS.read_text("utf-8")).keys() - words):
        raise ValueError(f"expected a text for {missing[0]}")
    html = (FOLDER / "page.html").read_text("utf-8")
    for name, text in (
        ("/*STYLE*/", (FOLDER / "page.css").read_text("utf-8")),
        ("/*SCRIPT*/", (FOLDER / "page.js").read_text("utf-8")),
        ("/*TEXTS*/", embedded(words)),
        ("/*DATA*/", embedded(sections)),
    ):
        html = html.replace(name, text, 1)
    return html


def main() -> None:
    published = os.environ.get("CLIENTELE_PUBLISHED", "published/clientele.duckdb")
    parser = argparse.ArgumentParser(description="Render the dashboard from the published marts.")
    parser.add_argument("--published", default=published)
    parser.add_argument("--out", help="default: dashboard.html beside the published file")
    parser.add_argument(
        "--texts", help="the texts of the page, for another language", type=pathlib.Path
    )
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.out or pathlib.Path(arguments.published).parent / "dashboard.html")
    if not pathlib.Path(arguments.published).is_file():
        sys.exit(f"{arguments.published} does not exist: publish a build first (make build).")
    if out.exists() and MARK not in out.read_text("utf-8", "replace"):
        sys.exit(f"{out} was not made by make dashboard and is left alone: expected no such file.")
    try:
        html = page(read(arguments.published), arguments.texts or TEXTS)
    except duckdb.Error as error:
        sys.exit(f"{arguments.published} cannot be read: {str(error).splitlines()[0]}")
    except (OSError, ValueError) as error:
        sys.exit(f"{arguments.texts or TEXTS} cannot be read as texts of the page: {error}")
    temporary = out.with_name(out.name + ".part")
    temporary.write_text(html, encoding="utf-8", newline="")
    os.replace(temporary, out)
    print(f"The dashboard is {out}.")


if __name__ == "__main__":
    main()
