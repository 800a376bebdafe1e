# Everything happens in .venv, which is made from requirements-dev.lock on first use.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PACKAGES := $(VENV)/.packages
STAMP  := $(VENV)/.installed
CODE   := src functions jobs devservers demo bench tests

.DEFAULT_GOAL := help
.PHONY: help demo test bench mariadb check format lint types docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The lock names every package, with its hashes, so nothing is resolved on the way.
$(PACKAGES): requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headrace needs Python 3.11 or newer; choose one with: make PYTHON=…")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python can't make virtual environments; run: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# Headrace itself, with its decoders compiled.
$(STAMP): $(PACKAGES) pyproject.toml setup.py $(wildcard src/headrace/sources/wire/*.p*)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Bring a real PostgreSQL into DuckDB, step by step (ONCE=1 exits at the end)
	@$(BIN)/python -m demo $(if $(ONCE),--once)

test: $(STAMP) mariadb ## Run the whole test suite
	$(BIN)/python -m pytest -n 2

# The tests start a MariaDB of their own; its binaries are Debian's.
mariadb:
	@PATH="$$PATH:/usr/sbin"; command -v mariadbd >/dev/null && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server; \
	else \
		echo "The tests need MariaDB; run as root: apt-get install mariadb-server"; exit 1; \
	fi

# A calm machine is needed, and about an hour; the data are made once and kept under .cache.
SCALE  ?= 1
ROUNDS ?= 3
bench: $(STAMP) mariadb ## Measure against peers, into bench/RESULTS.md (SCALE=1 ROUNDS=3)
	$(BIN)/python -m bench.memory --scale $(SCALE)
	$(BIN)/python -m bench --scale $(SCALE) --rounds $(ROUNDS) --into bench

check: lint types test ## Run what CI runs

lint: $(STAMP) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Check the types
	$(BIN)/mypy $(CODE)

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Write the generated documents anew
	$(BIN)/python -m headrace.generated docs

lock: ## Pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --extra local -o requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --all-extras --no-emit-package pandas --no-emit-package numpy -o requirements-dev.lock

clean: ## Remove the virtual environment and everything that was made
	rm -rf $(VENV) .cache .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
