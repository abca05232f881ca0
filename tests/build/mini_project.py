"""A small project with the macros of the real one, so that publishing is tried in seconds and broken on purpose."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import duckdb
import yaml
from conftest import ROOT, environment
from in_process import Runner

MODELS = {
    # both marts of one build carry the same generation
    "marts/first_mart.sql": (
        "select range as item, {{ var('generation') }}::bigint as generation from range({{ var('size') }})"
    ),
    "marts/second_mart.sql": "select max(item) as item, max(generation) as generation from {{ ref('first_mart') }}",
    "marts/people.sql": (
        "select 'customer ' || range as customer_id, date '1980-02-29' as birth_date, range as item from range(50)"
    ),
    # the smallest town is too small, and follows from the others unless one of them is withheld too
    "marts/towns.sql": (
        "select * from (values ('a', 3, 1, '1 of 3 left'), ('b', 40, 9, '9 of 40 left'), ('c', 20, 4, '4 of 20 left')) "
        "as t(town, customers_count, churned_count, sentence)"
    ),
    # who left among the levels of a feature: of level `a` nobody
    "marts/portraits.sql": (
        "select * from (values ('left', 'b', 40, 9), ('stayed', 'a', 3, 3), ('stayed', 'b', 40, 31)) "
        "as t(portrait, level, all_count, level_count)"
    ),
    # four groups in each of 200 schemes, with parts of every size
    "marts/groups.sql": (
        "select scheme, member, size as customers_count, "
        "(hash(3, scheme, member) % (size + 1))::bigint as women_count, "
        "(hash(4, scheme, member) % (size + 1))::double / size as card_share, "
        "(hash(5, scheme, member) % (size + 1))::bigint as known_count, 0.5::double as known_rate "
        "from (select scheme, member, (1 + hash(1, scheme, member) % (3 + 4 * (hash(2, scheme) % 9)))::int as size "
        "from range(200) as schemes(scheme), range(4) as members(member))"
    ),
    "marts/quality_quarantine.sql": (  # a line that two entities are staged from
        "select source_name, 'a.csv' as file_name, 1 as line_number, 'missing_key' as rule_code "
        "from (values ('a'), ('b')) as t(source_name)"
    ),
    "marts/run_manifest.sql": (ROOT / "models/marts/quality/run_manifest.sql").read_text("utf-8"),
    "int_build_described.py": (ROOT / "python_models/quality/int_build_described.py").read_text(
        "utf-8"
    ),
    "int_raw_rows_counted.sql": (
        "select 'x' as entity_name, 'x.csv' as file_name, 0 as part_number, 'x.csv' as part_name, 1 as raw_count"
    ),
    "int_as_of_date_determined.sql": "select date '2025-12-31' as as_of_date",
    "int_customers_churned.sql": "select 'closing_date' as churn_definition, true as is_current",
    "currencies.sql": "select 'mini' as source_system, 'EUR' as currency_code",
}
COLUMNS = {
    "first_mart": {"item": "bigint", "generation": "bigint"},
    "second_mart": {"item": "bigint", "generation": "bigint"},
    "people": {"customer_id": "varchar", "birth_date": "date", "item": "bigint"},
    "towns": {
        "town": "varchar",
        "customers_count": "integer",
        "churned_count": "integer",
        "sentence": "varchar",
    },
    "portraits": {
        "portrait": "varchar",
        "level": "varchar",
        "all_count": "integer",
        "level_count": "integer",
    },
    "groups": {
        "scheme": "bigint",
        "member": "bigint",
        "customers_count": "integer",
        "women_count": "bigint",
        "card_share": "double",
        "known_count": "bigint",
        "known_rate": "double",
    },
    "quality_quarantine": {
        "source_name": "varchar",
        "file_name": "varchar",
        "line_number": "integer",
        "rule_code": "varchar",
    },
    "run_manifest": {
        "build_id": "varchar",
        "item_kind": "varchar",
        "item_name": "varchar",
        "item_value": "varchar",
        "row_count": "bigint",
        "content_hash": "varchar",
    },
}


CONFIGS = {
    "quality_quarantine": {"meta": {"is_published": False}},
    "towns": {"meta": {"grain": ["town"], "cells": {"add_up_within": []}}},
    "portraits": {
        "meta": {
            "grain": ["portrait", "level"],
            "cells": {"count": "all_count", "leaves_out": True},
        }
    },
    "groups": {
        "meta": {
            "grain": ["scheme", "member"],
            "cells": {
                "add_up_within": ["scheme"],
                "parts": {"women_count": {}, "card_share": {}},
                "bases": {"known_count": ["known_rate"]},
            },
        }
    },
}
FLAGS = {"customer_id": {"is_person_key": True}, "birth_date": {"is_personal": True}}


class MiniProject:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.published = folder / "published" / "clientele.duckdb"
        self.customers = folder / "published" / "clientele_customers.duckdb"

    def create(self) -> None:
        settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))
        settings |= {"model-paths": ["models"], "macro-paths": [str(ROOT / "macros")]}
        settings["vars"] |= {"generation": 1, "size": 1000}
        settings["on-run-start"] = ["{{ check_settings() }}", "{{ begin_run() }}"]
        settings["models"] = {"clientele": {"marts": settings["models"]["clientele"]["marts"]}}
        self.write("dbt_project.yml", yaml.safe_dump(settings))
        for name, sql in MODELS.items():
            self.write(f"models/{name}", sql)
        models = [
            {
                "name": name,
                "description": f"One row per {name}'s item.",
                "config": CONFIGS.get(name, {}),
                "columns": [
                    {
                        "name": column,
                        "data_type": kind,
                        "description": f"It's {column}.",
                        "config": {"meta": FLAGS.get(column, {})},
                    }
                    for column, kind in columns.items()
                ],
            }
            for name, columns in COLUMNS.items()
        ]
        self.write("models/models.yml", yaml.safe_dump({"version": 2, "models": models}))
        self.write("seeds/.keep", "")
        self.write("raw/.keep", "")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def sql(self, mart: str) -> str:
        return MODELS[f"marts/{mart}.sql"]

    def status(self) -> dict:
        return json.loads((self.published.parent / "clientele.status.json").read_text())

    def variables(self) -> dict[str, str]:
        return {
            "CLIENTELE_DB": str(self.folder / "work.duckdb"),
            "CLIENTELE_PUBLISHED": str(self.published),
            "CLIENTELE_RAW": str(self.folder / "raw"),
        }

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        """A dbt process of its own, which may be killed or be given less than it needs."""
        return subprocess.Popen(
            [sys.executable, "-m", "dbt.cli.main", *(arguments or ("build",))]
            + ["--profiles-dir", str(ROOT), "--log-path", str(self.folder / "logs")],
            cwd=self.folder,
            env={**os.environ, **self.variables()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *arguments: str, env=None) -> tuple[bool, str]:
        """Whether dbt succeeded, and all that it said."""
        said = []
        places = ["--profiles-dir", str(ROOT), "--log-path", str(self.folder / "logs")]
        before = pathlib.Path.cwd()
        os.chdir(self.folder)
        try:
            with environment(**{**self.variables(), **(env or {})}):
                runner = Runner(callbacks=[lambda event: said.append(event.info.msg)])
                result = runner.invoke([*arguments, "--quiet", *places])
        finally:
            os.chdir(before)
        return result.success, "\n".join([*said, str(result.exception or "")])

    def build(self, generation: int = 1, **variables) -> tuple[bool, str]:
        return self.run("build", "--vars", yaml.safe_dump({"generation": generation, **variables}))

    def hash(self) -> str:
        """Of everything that is published: the name and the bytes of each file."""
        digest = hashlib.sha256()
        folder = self.published.parent
        for file in sorted(
            [*folder.glob("*.parquet"), *folder.glob("*/*.parquet"), *folder.glob("*.duckdb")]
        ):
            digest.update(file.name.encode() + file.read_bytes())
        return digest.hexdigest()

    def generations(self) -> set[int]:
        """The generations of all that is published; one, unless builds are mixed."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            found = connection.sql(
                "select generation from marts.first_mart union select generation from marts.second_mart"
            ).fetchall()
        return {generation for (generation,) in found}
