"""Files that nobody has described: what `make init` proposes for them builds and is published as it is."""

import os
import random
import subprocess
import sys
from datetime import date, timedelta

import duckdb
import pytest
from own_project import OwnProject
from reading.propose import write


def subscribers(folder, count=900):
    """A telephone company: a key, days and amounts that no name tells, payments once a month, and churn as text."""
    draw = random.Random(7)
    people = [
        "Contract;Full_Name;Region;Sex;Birth_Date;Activation_Date;tenure;Monthly_Fee;Calls;Roaming;Churn_Status"
    ]
    payments = ["Nr;Contract;Settled;Sum_EUR;Method"]
    for number in range(count):
        fee, calls = draw.choice([9.9, 19.9, 34.9]), min(9, int(draw.expovariate(0.6)))
        has_left = draw.random() < 0.1 + 0.3 * (calls >= 3)
        began = date(2015, 1, 1) + timedelta(days=draw.randrange(2800))
        born = date(1950, 1, 1) + timedelta(days=draw.randrange(18_000))
        cells = [
            f"T{number}",
            f"Name {number}",
            draw.choice(["North", "South", "East"]),
            draw.choice("MF"),
        ]
        cells += [
            f"{born:%d.%m.%Y}",
            f"{began:%d.%m.%Y}",
            2024 - began.year,
            f"{fee:.2f}".replace(".", ","),
            calls,
        ]
        people.append(
            ";".join(
                map(
                    str, [*cells, draw.choice(["yes", "no"]), "Cancelled" if has_left else "Active"]
                )
            )
        )
        day = date(2023, 1, 1) + timedelta(days=number % 28)
        last = date(2024, 4 + number % 9, 1) if has_left else date(2024, 12, 31)
        while day <= last:
            paid = f"{fee + draw.random() * 5:.2f}".replace(".", ",")
            payments.append(
                f"P{len(payments)};T{number};{day:%d.%m.%Y};{paid};{draw.choice(['card', 'cash'])}"
            )
            day += timedelta(days=30)
    folder.mkdir()
    (folder / "contracts.csv").write_text("\n".join(people) + "\n")
    (folder / "payments.csv").write_text("\n".join(payments) + "\n")
    return folder


@pytest.mark.soak
def test_what_is_proposed_is_published_unchanged(tmp_path, tmp_path_factory):
    project = OwnProject(tmp_path_factory.mktemp("project"), copied=("models", "seeds", "tests"))
    raw = subscribers(tmp_path / "raw")
    said = write("telco", raw, project.folder)
    assert "Contract -> customer_id" in said and "Churn_Status -> is_churned" in said
    published = tmp_path / "published" / "clientele.duckdb"
    values = {
        "CLIENTELE_RAW": str(raw),
        "CLIENTELE_DB": str(tmp_path / "work.duckdb"),
        "CLIENTELE_PUBLISHED": str(published),
    }
    command = [
        sys.executable,
        "-m",
        "dbt.cli.main",
        "build",
        "--exclude-resource-type",
        "unit_test",
    ]
    run = subprocess.run(
        [*command, "--vars", "source_system: telco"],
        cwd=project.folder, env=os.environ | values, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
    assert "Published build" in run.stdout
    with duckdb.connect(str(published), read_only=True) as connection:
        codes = connection.sql(
            "select segment_code from marts.strategy_segments where segment_scheme = 'rule'"
        ).fetchall()
        definitions = connection.sql(
            "select churn_definition_code from marts.churn_definitions_compared"
        ).fetchall()
    assert {code for (code,) in codes} == {"tenure_low", "tenure_high"}
    assert ("inactive_90_days",) in definitions
