"""What is said of the changes since the build that was published last, and what of it is published."""

import os
import subprocess
import sys

import duckdb
import pytest
from conftest import CAUTIOUS, ROOT
from scipy import stats

SELECT = ["quality_changes", "assert_changes_keep_to_blocking_limits"]


@pytest.fixture
def before(demo_copy):
    """The demo's database; the function changes what publishing kept of the build, as if it had been another."""

    def change(*statements):
        with duckdb.connect(str(demo_copy.path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return demo_copy

    return change


def test_one_changed_rule_shows_what_it_changed_with_its_noise_and_nothing_else(
    demo, run_dbt, before
):
    assert demo.row("select count(*) from marts.quality_changes") == (0,)
    build = run_dbt(
        "build",
        select=SELECT,
        env=CAUTIOUS,
        into=before(
            "update publishing.manifest set fact = 'other' where item_name = 'bands'",
            # a tenth of the rate, far beyond the noise; and one customer, within it
            "update publishing.measures set measured_value = 0.8 * measured_value, lower_value = 0.8 * lower_value, "
            "upper_value = 0.8 * upper_value where mart_name = 'churn_rates' and measure_name = 'churn_rate'",
            "update publishing.measures set measured_value = measured_value - 1 "
            "where mart_name = 'churn_rates' and measure_name = 'customers_count'",
        ),
    )
    assert build.is_success, build.messages
    rows = build.rows(
        "select mart_name, row_key, measure_name, is_beyond_noise, change_kinds, severity, sentence "
        "from marts.quality_changes order by change_rank"
    )
    (rate, count) = rows
    assert rate[:6] == ("churn_rates", "portfolio / all", "churn_rate", True, "rule", None)
    assert count[2:6] == ("customers_count", False, "rule", None)
    assert "beyond noise (changed: rule bands)" in rate[6] and "within noise" in count[6]
    (said,) = [line for line in build.said if "Changed:" in line]
    assert rate[6] in said


def test_the_same_input_twice_gives_no_rows(demo, run_dbt, before):
    assert demo.row("select count(*) > 1000 from publishing.measures") == (True,)
    build = run_dbt("run", select=["run_manifest", "quality_changes"], into=before())
    assert build.is_success, build.messages
    assert build.row("select count(*) from marts.quality_changes") == (0,)


def test_a_change_is_explained_by_what_its_mart_is_made_of(run_dbt, before):
    build = run_dbt(
        "run",
        select=["quality_changes"],
        into=before(
            "update publishing.manifest set fact = 'other' where item_kind in ('seed', 'setting') "
            "and item_name in ('bands', 'clv_ladders', 'strategy_plans', 'churn_cuts', 'clv_tier_set')",
            "update publishing.manifest set fact = 'other' where item_kind = 'code' and item_name = 'rfm_segments'",
            # neither a commit of documentation nor how long it took
            "insert into publishing.manifest values ('build', 'git_revision', 'other')",
            "update publishing.measures set measured_value = measured_value + 1 where mart_name in ("
            "'churn_rates', 'clv_tiers', 'rfm_segments', 'quality_reconciliation', 'strategy_priorities')",
        ),
    )
    assert build.is_success, build.messages
    rows = build.rows(
        "select mart_name, change_kinds, split_part(regexp_extract(sentence, '[(]changed: .*[)]'), ')', 1) "
        "from marts.quality_changes group by all order by all"
    )
    assert rows == [
        ("churn_rates", "rule", "(changed: rule bands, churn_cuts"),
        ("clv_tiers", "rule", "(changed: rule bands, clv_ladders, clv_tier_set"),
        ("quality_reconciliation", "unknown", ""),
        ("rfm_segments", "code", "(changed: code"),
        ("strategy_priorities", "rule", "(changed: 4 rules"),
    ]


def test_drift_compares_scores_values_and_segments_of_everybody_on_both_days(demo):
    shares = demo.values(
        "select feature_name, [sum(then_count), sum(now_count), sum(then_share), sum(now_share)] "
        "from marts.quality_drift where verdict <> 'no_history' group by feature_name"
    )
    assert {
        "churn_probability",
        "clv_amount",
        "rfm_segment",
        "clv_tier_segment",
        "rule_segment",
    } <= set(shares)
    for feature, (then, now, then_share, now_share) in shares.items():
        assert (then, now) == (5151, 5222), feature
        assert (then_share, now_share) == pytest.approx((1, 1)), feature
    # the scores of both days are those of the models in use
    for basis, count in (("window", "then_count"), ("current", "now_count")):
        scores = [score for (score,) in demo.rows(
            f"select churn_probability from intermediate.int_churn_scored where churn_basis = '{basis}'"
        )]  # fmt: skip
        levels = demo.values(
            f"select feature_level, {count} from marts.quality_drift where feature_name = 'churn_probability'"
        )
        assert len(levels) == 10
        (top,) = [level for level in levels if level.startswith("from ")]
        assert levels[top] == sum(score >= float(top.split()[1]) for score in scores)
        segments = demo.values(
            f"select feature_level, {count} from marts.quality_drift where feature_name = 'rfm_segment'"
        )
        members = demo.values(
            "select segment_code, count(*) from intermediate.int_segment_memberships where segment_scheme = 'rfm' "
            f"and churn_basis = '{basis}' and coalesce(is_rated or churn_basis = 'current', false) group by 1"
        )
        # a segment that nobody was in on the first day has no level of its own
        new = set(members) - set(segments)
        assert segments.pop("all others") == sum(members.pop(code) for code in new)
        assert len(segments) == 10 and segments == members


def test_members_of_both_builds_are_compared_by_mcnemar_and_a_limit_blocks(
    run_dbt, before, tmp_path
):
    build = before(
        # thirty champions were loyal before, and ten customers are no more among those of both builds
        "update publishing.members set segment_code = 'loyal' where segment_scheme = 'rfm' and customer_id in ("
        "select customer_id from publishing.members where segment_scheme = 'rfm' and segment_code = 'champions' "
        "order by customer_id limit 30)",
        "delete from publishing.members where customer_id in ("
        "select distinct customer_id from publishing.members order by customer_id desc limit 10)",
        "update publishing.measures set measured_value = 2 * measured_value "
        "where mart_name = 'quality_reconciliation' and measure_name = 'raw_count'",
        "update seeds.change_limits set severity = 'block' where mart_name = 'quality_reconciliation'",
    )
    build = run_dbt("build", select=SELECT, into=build, env=CAUTIOUS)
    # counts of rows that fell by half are beyond the limit, which blocks
    assert build.statuses["assert_changes_keep_to_blocking_limits"] == "fail"
    rows = build.rows(
        "select row_key, change, change_ci_lower, change_ci_upper, q_value from marts.quality_changes "
        "where measure_name = 'same_customers_count' order by row_key"
    )
    assert [row[:2] for row in rows] == [("rfm / champions", 30), ("rfm / loyal", -30)]
    for _, change, lower, upper, q_value in rows:
        assert upper - change == change - lower == pytest.approx(1.959964 * 30**0.5, rel=1e-5)
        assert q_value < 0.001
    blocked = build.rows(
        "select distinct mart_name, measure_name from marts.quality_changes where severity = 'block'"
    )
    assert blocked == [("quality_reconciliation", "raw_count")]


def test_no_change_of_a_small_cell_is_published_and_no_erased_customer_is_kept(run_dbt, before):
    build = run_dbt(
        "build",
        select=["quality_changes"],
        env=CAUTIOUS,
        into=before("update publishing.measures set measured_value = 1.5 * measured_value + 1"),
    )
    assert build.is_success and build.published.is_file(), build.messages
    with duckdb.connect(str(build.published), read_only=True) as published:
        published.execute(f"attach '{build.path}' as work (read_only)")
        every = published.sql("select count(*) from work.marts.quality_changes").fetchall()[0][0]
        told = published.sql(
            "select count(*), max(change_rank) from marts.quality_changes"
        ).fetchall()[0]
        assert 1000 < told[0] == told[1] < every
        # those that are not told are not in the family of the others
        tested = published.sql(
            "select p_value, q_value from marts.quality_changes where p_value is not null"
        ).fetchall()
        expected = stats.false_discovery_control([p for p, _ in tested])
        assert expected == pytest.approx([q for _, q in tested], rel=1e-9)
        # a figure that the mart withholds is in no change of it
        key = "segment_scheme || ' / ' || segment_code"
        assert not published.sql(
            "select * from marts.quality_changes as changes inner join marts.strategy_segments "
            f"on mart_name = 'strategy_segments' and row_key = {key} "
            "where measure_name = 'churned_count' and after_value is not null and churned_count is null"
        ).fetchall()
        # of a group that has grown or shrunk by a few, only its sizes: another change would be that of these few
        sizes = "('customers_count', 'remaining_count', 'known_outcome_count')"
        few = (
            f"select distinct mart_name, row_key from {{0}}marts.quality_changes where measure_name in {sizes} "
            "and abs(change) between 1 and 4"
        )
        others = (
            f"select * from {{0}}marts.quality_changes semi join ({few}) using (mart_name, row_key) "
            f"where measure_name not in {sizes} and after_value is not null"
        )
        assert published.sql(others.format("work.")).fetchall()
        assert not published.sql(others.format("")).fetchall()
        said = subprocess.run(
            [sys.executable, "-m", "publishing.changes"],
            env=os.environ | {"CLIENTELE_PUBLISHED": str(build.published)},
            capture_output=True,
            text=True,
            cwd=ROOT,
        ).stdout.splitlines()
    assert len(said) == 11 and said[-1].endswith(
        "other measures changed: mart quality_changes has all."
    )
    ((customer,),) = build.rows("select min(customer_id) from publishing.members")
    erased = subprocess.run(
        [sys.executable, "-m", "publishing.erase", customer],
        env=os.environ
        | {"CLIENTELE_PUBLISHED": str(build.published), "CLIENTELE_DB": str(build.path)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert erased.returncode == 0, erased.stderr
    # with all that a next build could be compared with
    assert not build.path.exists() and not build.published.exists()
