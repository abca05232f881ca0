# `make help` lists the targets. Every target installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-spark init build dashboard export bi audience changes rollback erase check test test-spark test-bi soak lint docs demo bench lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(INSTALLED) ## Create .venv from the pinned, hashed requirements

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"clientele needs Python 3.11 to 3.13 and {sys.executable} is {v[0]}.{v[1]}: set PYTHON, for example make build PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

setup-spark: $(VENV)/.installed-spark ## Add what target spark needs to .venv

$(VENV)/.installed-spark: $(INSTALLED) requirements-spark.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-spark.txt
	touch $@

build: setup ## Build and test every mart, and publish them if all passed; the unit tests of the models run in make test
	dbt build --exclude-resource-type unit_test

init: override export LAYOUT := $(value LAYOUT)
init: override export RAW := $(value RAW)
init: setup ## Propose a layout for a folder of files: make init LAYOUT=my_bank RAW=folder
	@python -m reading.propose

dashboard: setup ## Render the published marts as one HTML page, published/dashboard.html
	python dashboard/render.py

export: setup ## Write the published marts for spreadsheets, CSV and XLSX, into published/export
	python -m publishing.export

bi: setup ## Write a dashboard for Superset, and the semantic layer in the exchange format OSI, into published/bi
	python -m publishing.bi

audience: override export CAMPAIGN := $(value CAMPAIGN)
audience: setup ## Write the list of a campaign for the sending tool: make audience CAMPAIGN=<campaign_code>
	@python -m publishing.audience

changes: setup ## Print the ten largest changes of the published build against the one before it
	@python -m publishing.changes

rollback: setup ## Publish the build before the current one again
	python -m publishing.files rollback

# the id as it was given, in which neither make nor a shell looks for names and commands
erase: override export CUSTOMER := $(value CUSTOMER)
erase: setup ## Erase a customer from all that builds have made: make erase CUSTOMER=<customer_id>
	@python -m publishing.erase

check: setup ## Lint and test what was changed since the branch left main
	python tests/check.py

test: setup ## Run every test; real files are checked where CLIENTELE_REAL_DATA names their folder
	pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(if $(SPARK_SESSION),-m "not soak and not bi" -k "not test_spark or [$(SPARK_SESSION)]")

test-spark: setup-spark ## Build on Spark (local, two workers, Connect) and compare every mart with DuckDB's (needs Java 17)
	pytest -m spark $(if $(SPARK_SESSION),-k "[$(SPARK_SESSION)]")

test-bi: setup ## Import the dashboard into Superset, compare every chart with its mart, and let dbt 1.12 read OSI
	pytest -m bi

soak: setup ## Run the tests that take many builds
	pytest -m soak

lint: setup ## Check the style of SQL and Python, and the types of Python
	ruff check .
	ruff format --check .
	mypy
	sqlfluff lint --disable-progress-bar models tests/assertions

docs: setup ## Build the site of docs/ into target/site, beside dbt's own documentation
	dbt docs generate --static
	python docs/generate.py

demo: setup ## Simulate the demo bank again into data/demo
	python -m customer_science.simulate --customers 10000 --seed 2 --mean-contacts 8 --out data/demo

bench: setup ## Build simulated customers at 10 thousand, 1 and 10 million, beside references; needs 10 GB of memory and 40 of disk
	python bench/scale.py
	python bench/cluster_assignment.py
	python bench/small_builds.py

lock: ## Pin every dependency with its hashes (needs uv)
	uv pip compile --quiet pyproject.toml --extra metrics --group dev --universal --python-version 3.11 --no-strip-extras \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" --output-file requirements.txt
	uv pip compile --quiet pyproject.toml --extra spark --constraint requirements.txt --universal --python-version 3.11 \
		--no-strip-extras --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		--output-file requirements-spark.txt

clean: ## Remove everything that a build makes
	rm -rf $(VENV) target logs published clientele.duckdb clientele.duckdb.wal bench/data *.egg-info
