"""`make check`: lint, types and the quick tests of what was changed since the branch left main.

Models that were changed, or use a changed seed or macro, are run on no rows, with all that they depend on, in a
database of their own: a wrong column or contract shows there. Their unit tests follow. Python is checked meanwhile.
"""

import os
import pathlib
import re
import subprocess
import sys
import threading
import time

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

ROOT = pathlib.Path(__file__).parents[1]
PLACE = ROOT / "target" / "check"
ALWAYS = ["tests/python/test_docs.py", "tests/python/test_licences.py"]  # a second for both


def changed_files() -> set[str]:
    """Paths of the files that differ from where the branch left main, or, without a main, from the last commit."""
    base = lines_of("git", "merge-base", "HEAD", "main") or ["HEAD"]
    changed = lines_of("git", "diff", "--name-only", "--diff-filter=d", *base)
    return {*changed, *lines_of("git", "ls-files", "--others", "--exclude-standard")}


def python_tests(changed: set[str]) -> list[str]:
    """The files of tests/python that were changed, or import a changed module."""
    modules = [pathlib.Path(path) for path in changed if path.endswith(".py")]
    imports = [
        rf"{module.parent.name}\.{module.stem}\b|from {module.parent.name} import .*\b{module.stem}\b"
        for module in modules
        if module.parts[0] == "python_models"
    ]
    tests = {path for path in changed if re.fullmatch(r"tests/python/test_\w+\.py", path)}
    for file in (ROOT / "tests/python").glob("test_*.py"):
        if any(re.search(one, file.read_text("utf-8")) for one in imports):
            tests.add(str(file.relative_to(ROOT)))
    return sorted(tests.union(ALWAYS))


def changed_nodes(manifest: Manifest, changed: set[str]) -> tuple[list[str], list[str]]:
    """Names of the models and of the unit tests that a change concerns."""
    macros = {key for key, one in manifest.macros.items() if one.original_file_path in changed}
    while (
        more := {key for key, one in manifest.macros.items() if macros & set(one.depends_on.macros)}
        - macros
    ):
        macros |= more
    own = [node for node in manifest.nodes.values() if node.package_name == "clientele"]
    seeds = {
        one.unique_id
        for one in own
        if one.resource_type == "seed" and one.original_file_path in changed
    }
    models = {
        one.unique_id: one.name
        for one in own
        if one.resource_type == "model"
        and (
            one.original_file_path in changed
            or (one.patch_path or "").removeprefix("clientele://") in changed
            or seeds & set(one.depends_on.nodes)
            or macros & set(one.depends_on.macros)
        )
    }
    tests = []
    for test in manifest.unit_tests.values():
        tested = test.depends_on.nodes[0]
        if tested in models or test.original_file_path in changed:
            tests.append(test.name)
            models[tested] = manifest.nodes[tested].name
    return sorted(models.values()), sorted(tests)


def check_python(changed: set[str]) -> bool:
    files = sorted(path for path in changed if path.endswith(".py"))
    commands = [["ruff", "check", *files], ["ruff", "format", "--check", *files]] if files else []
    commands += [["mypy"], ["pytest", "--quiet", "--no-header", *python_tests(changed)]]
    answers = [succeeds(*command) for command in commands]  # each of them, whichever fails
    return all(answers)


def check_sql(changed: set[str]) -> bool:
    parsed = dbt("parse")
    if not parsed.success:
        return False
    models, tests = changed_nodes(parsed.result, changed)
    linted = [
        one for one in sorted(changed) if re.match(r"(models|tests/assertions)/.*\.sql$", one)
    ]
    # before dbt opens the database, which one process may have open
    is_clean = not linted or succeeds("sqlfluff", "lint", "--disable-progress-bar", *linted)
    if models:
        chosen = ["--select", *(f"+{name}" for name in models)]
        types = ["--resource-type", "model", "--resource-type", "seed"]
        is_clean &= dbt(
            "build", "--empty", "--full-refresh", *types, *chosen, manifest=parsed.result
        ).success
    if tests:
        is_clean &= dbt("test", "--select", *tests, manifest=parsed.result).success
    return is_clean


def dbt(command: str, *arguments: str, manifest: Manifest | None = None):
    start = time.monotonic()
    result = dbtRunner(manifest).invoke([command, "--quiet", *arguments])
    report(f"dbt {command}", result.success, start)
    return result


def succeeds(*command: str) -> bool:
    start = time.monotonic()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    is_success = result.returncode == 0
    report(command[0], is_success, start, "" if is_success else result.stdout + result.stderr)
    return is_success


def report(name: str, is_success: bool, start: float, output: str = "") -> None:
    seconds = time.monotonic() - start
    print(f"{output}{'ok' if is_success else 'FAILED':<7}{name} ({seconds:.0f} s)", flush=True)


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split("\n")[:-1]


def main() -> int:
    os.chdir(ROOT)
    for name in [name for name in os.environ if name.startswith("CLIENTELE_")]:
        del os.environ[name]
    os.environ |= {
        "CLIENTELE_DB": str(PLACE / "clientele.duckdb"),
        "CLIENTELE_PUBLISHED": str(PLACE / "published" / "clientele.duckdb"),
        "DBT_TARGET_PATH": str(PLACE),
        "DBT_LOG_PATH": str(PLACE / "logs"),
    }
    PLACE.mkdir(parents=True, exist_ok=True)
    changed, answers = changed_files(), []
    python = threading.Thread(target=lambda: answers.append(check_python(changed)))
    python.start()
    answers.append(check_sql(changed))
    python.join()
    return 0 if answers == [True, True] else 1


if __name__ == "__main__":
    sys.exit(main())
