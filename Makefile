# Everything a developer runs. Each target sets up what it needs in .venv; `make` alone lists them.
# Needed on the machine: make, and Python 3.11 or later with its venv module.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-slow simulate fuzz soak lint format bench lock clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# More arguments for pytest or the benchmarks: make test ARGS="-k pace -x"
ARGS ?=
# In how many worlds `make simulate` runs, and how long `make soak` replays
SEEDS ?= 20000
SECONDS ?= 3600

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## make .venv with everything pinned in requirements-dev.lock, or bring it up to date

demo: $(READY) ## record a small shop, change it, replay, see the changes found (S3=1: the recording in a real S3 server)
	$(BIN)/replay-users demo $(if $(filter 1,$(S3)),--s3) $(ARGS)

test: $(READY) ## run the tests but the long ones
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(READY) ## run the long tests
	$(BIN)/python -m pytest -m slow $(ARGS)

simulate: $(READY) ## run master and workers in simulated worlds of bad luck (SEEDS=20000)
	SEEDS=$(SEEDS) $(BIN)/python -m pytest -m slow tests/simulation $(ARGS)

lint: $(READY) ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## format the code, and fix what can be fixed by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## measure against other tools, by ratio (benchmarks/latest.json)
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(READY) ## feed the response path a million random and mutated answers
	$(BIN)/python -m tests.fuzz.responses --inputs 1000000 $(ARGS)

soak: $(READY) ## replay at 2,000/s for an hour and see that memory and lag stay flat (SECONDS=3600; benchmarks/soak.json)
	$(BIN)/python -m benchmarks.soak --seconds $(SECONDS) $(ARGS)

lock: $(READY) ## pin the newest allowed versions in requirements-dev.lock
	$(BIN)/python -m pip install --quiet uv
	echo 'setuptools>=77' | $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	  --no-annotate --no-header --no-emit-index-url --all-extras --group dev pyproject.toml - -o requirements-dev.lock

clean: ## remove .venv, what was built, and runs/
	rm -rf $(VENV) build dist runs *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# setuptools is pinned too, so that the project itself is installed without fetching anything to build it with.
$(READY): requirements-dev.lock pyproject.toml
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  for python in python3.13 python3.12 python3.11 python3; do \
	    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      echo "making $(VENV) with $$($$python --version)"; $$python -m venv --clear $(VENV); exit; \
	    fi; \
	  done; \
	  echo "There is no Python 3.11 or later with its venv module here: install one (Debian: apt-get install python3-venv)." >&2; \
	  exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
