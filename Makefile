# SPDX-License-Identifier: Apache-2.0
# The front door. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.runtime
DEV_STAMP := $(VENV)/.development
TESTS ?= tests
JOBS ?= 3
# A module's tests run in one process: what they share is set up once.
BESIDE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Percent of lines and branches together, below which `make coverage` fails.
FLOOR ?= 99.9
# What runs in the warden, the ledger and the door, and little else.
COVERING ?= tests/unit tests/drills tests/conformance/test_scim.py \
  tests/conformance/test_oauth_endpoints.py tests/stories/test_apps.py \
  tests/stories/test_audit_events.py

.DEFAULT_GOAL := help
.PHONY: help demo test coverage rest lint bench bench-door bench-urgent weekend format drills mutants clean reset-demo browser

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(STAMP) ## set everything up and serve the demonstration on http://localhost:8111
	@$(BIN)/wardkeep demo

reset-demo: $(STAMP) ## forget the demonstration's data and start afresh next time
	@$(BIN)/wardkeep demo --reset

test: $(DEV_STAMP) browser ## run every test, with a real database, warden and browser
	$(BIN)/python tools/run_tests.py $(BESIDE) --tb=short \
	  --durations=25 --durations-min=20 $(TESTS)

coverage: $(DEV_STAMP) browser ## measure which branches of warden, ledger and door tests take: long
	$(BIN)/python -m pytest $(BESIDE) \
	  --cov --cov-report=term-missing:skip-covered --cov-fail-under=$(FLOOR) $(COVERING)

rest: $(DEV_STAMP) browser ## run the tests that `make coverage` does not
	$(BIN)/python -m pytest $(BESIDE) $(COVERING:%=--ignore=%) $(TESTS)

drills: $(DEV_STAMP) ## run the drills alone: attacks, crashes, full disks
	$(BIN)/python -m pytest tests/drills

lint: $(DEV_STAMP) ## check style, types and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tests tools bench
	$(BIN)/lint-imports

format: $(DEV_STAMP) ## let the formatter have its way
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

mutants: $(DEV_STAMP) ## change the rules of the door, and what counts for them, a little everywhere: a test has to notice
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	$(BIN)/python tools/mutate.py

bench: $(DEV_STAMP) ## measure speed, size and memory; a table and JSON
	$(BIN)/python -m bench

bench-door: $(DEV_STAMP) ## what the door costs (P7, P14), for a quiet hour: ten minutes
	$(BIN)/python -m bench floor door disclose price price_http

bench-urgent: $(DEV_STAMP) ## urgent care's queues, a call by keyboard, a nation's calls, a weekend: ten minutes
	$(BIN)/python -m bench urgent_queue urgent_call urgent_stress urgent_weekend

weekend: $(DEV_STAMP) ## a whole weekend of urgent care, 10,000 calls, row by row: about an hour
	WARDKEEP_BENCH_WEEKEND=whole $(BIN)/python -m bench urgent_weekend

browser: $(DEV_STAMP)
	@sh tools/set_up_tests.sh $(BIN)

clean: ## remove the virtual environment and caches, not the data
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Wardkeep needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
