"""Values a million simulated customers and prints how long it takes and the memory at its highest.

DuckDB is held to 1 GB; the rest is what the Python models need.
"""

import os
import resource
import subprocess
import tempfile
import time

from sql_scaling import ROOT, simulate

MARTS = [
    "clv_customers",
    "clv_tiers",
    "clv_upgrade_candidates",
    "clv_model_metrics",
    "budget_allocation",
]


def main():
    raw = simulate(1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CLIENTELE_RAW": str(raw), "CLIENTELE_MEMORY": "1GB"}
        environment |= {
            "CLIENTELE_DB": f"{folder}/clientele.duckdb",
            "DBT_RESOURCE_TYPES": "seed model",
        }
        command = ["dbt", "--quiet", "build", "--target-path", f"{folder}/target"]
        command += ["--select", *(f"+{mart}" for mart in MARTS)]
        start = time.monotonic()
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{time.monotonic() - start:.0f} s, {peak / 1e6:.2f} GB at its highest")


if __name__ == "__main__":
    main()
