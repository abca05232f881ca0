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
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            is_whole = node.module in ("scipy", "sklearn")
            names = [f"{node.module}.{one.name}" if is_whole else node.module for one in node.names]
        yield from (name for name in names if name.split(".")[0] in ("scipy", "sklearn"))


def test_the_package_loads_all_that_its_modules_use():
    used = {name for path in FOLDER.glob("*.py") for name in imported(path)}
    assert len(used) > 10
    print_loaded = "import sys, customer_science; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", print_loaded], capture_output=True, text=True, check=True
    )
    assert used <= set(process.stdout.split())
