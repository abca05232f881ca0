"""The code that a build runs: the revision of the project and the versions of its packages."""

import hashlib
import importlib.metadata
import pathlib
import platform
import re
import subprocess

import pandas as pd

DISTRIBUTION = "clientele"


def describe_build() -> pd.DataFrame:
    """One row per fact: item_kind (build, code or package), item_name, item_value and content_hash."""
    facts: list[tuple[str, str, str | None, str | None]] = [
        ("build", "git_revision", git_revision(), None),
        ("code", "python_functions", None, functions_hash()),
    ]
    facts += [("package", name, version, None) for name, version in installed_packages().items()]
    return pd.DataFrame(facts, columns=["item_kind", "item_name", "item_value", "content_hash"])


def functions_hash() -> str:
    """sha256 of the functions that Python models call."""
    folder = pathlib.Path(__file__).resolve().parents[1] / "customer_science"
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        whole.update(path.name.encode() + b"\n" + path.read_bytes())
    return whole.hexdigest()


def git_revision() -> str:
    """The commit that the project stands at, marked where files differ from it."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    root = pathlib.Path(__file__).resolve().parents[2]
    if not (
        root / ".git"
    ).exists():  # a copy in another project's repository, whose revision it would be
        return "unknown"
    try:
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return result.stdout.strip() if result.returncode == 0 else "unknown"


def installed_packages() -> dict[str, str]:
    """The versions of Python and of every package that the project asks for."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        required = ["dbt-core", "dbt-duckdb", "duckdb"]
    names = sorted({re.split(r"[^\w.-]", line)[0] for line in required if ";" not in line})
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }
