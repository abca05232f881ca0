"""Threads of a build import the package at once: nothing that its modules use is left for another thread to load."""

import ast
import pathlib
import subprocess
import sys

import customer_science

FOLDER = pathlib.Path(customer_science.__file__).parent


def imported(path):
    """Modules of SciPy and scikit-learn that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else names
        for name in names:
            if name == "scipy":
                yield from (f"scipy.{alias.name}" for alias in node.names)
            elif name and name.split(".")[0] in ("scipy", "sklearn"):
                yield name


def test_the_package_loads_all_that_its_modules_use():
    used = {name for path in FOLDER.glob("*.py") for name in imported(path)}
    assert len(used) > 10
    print_loaded = "import sys, customer_science; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", print_loaded], capture_output=True, text=True, check=True
    )
    assert used <= set(process.stdout.split())
