# Packtrace. `make help` lists what there is.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
STAMP := .venv/.installed
TEST_STAMP := .venv/.installed-test
BENCH_STAMP := .venv/.installed-bench
FROM := setup.cfg pyproject.toml constraints.txt tools/setup $(wildcard app/translations/*/*/*.po)

.PHONY: help setup setup-test setup-bench demo demo-data demo-reset run test drill lint messages bench bench-scan bench-alerts bench-fingerprint matrix pictures clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Install what the program needs, into .venv

setup-test: $(TEST_STAMP) ## Install what the tests and linters need too

$(STAMP): $(FROM)
	@PYTHON='$(PYTHON)' tools/setup run 1>&2
	@touch $@

$(TEST_STAMP): $(FROM) $(STAMP)
	@PYTHON='$(PYTHON)' tools/setup test 1>&2
	@touch $@

$(BENCH_STAMP): $(FROM) $(TEST_STAMP)
	@PYTHON='$(PYTHON)' tools/setup bench 1>&2
	@touch $@

demo: setup ## Make the simulated world if there is none, and serve it on http://localhost:8000 (PORT=…)
	@PORT='$(PORT)' $(BIN)/packtrace demo

demo-data: setup ## Make the simulated world alone
	@$(BIN)/packtrace demo --data-only

demo-reset: setup ## Throw the simulated world away, make a new one and serve it
	@PORT='$(PORT)' $(BIN)/packtrace demo --reset

run: setup ## Serve the log in PACKTRACE_LOG (default var/demo)
	@PORT='$(PORT)' $(BIN)/packtrace serve

test: setup-test ## Run all tests
	@tools/test

drill: setup-test ## Kill the writer 50 times under load and look what is left
	@PACKTRACE_DRILL=50 $(BIN)/python -m pytest tests/ledger/store/test_kill.py

lint: setup-test ## Check format, style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

messages: setup ## Bring the catalogues of the languages up to date with what the code says
	@tools/messages

setup-bench: $(BENCH_STAMP) ## Install what the measurements need as well

bench: setup-bench ## Measure, in about ten minutes; BENCH_ARGS='--json --plots docs/pictures'
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-scan: setup-bench ## Measure the scanner beside other decoders; BENCH_ARGS='--json --plots docs/pictures'
	@$(BIN)/python -m tests.bench.scan $(BENCH_ARGS)

bench-alerts: setup-bench ## Measure false alerts over a simulated year, and the authority's desk on a large log
	@$(BIN)/python -m tests.bench.alerts $(BENCH_ARGS)

bench-fingerprint: setup-bench ## Measure how labels are told from copies; FINGERPRINT_DATA=… BENCH_ARGS='--json --labels 20'
	@$(BIN)/python -m tests.bench.fingerprint $(BENCH_ARGS)

matrix: setup-test ## Print what may happen to a pack, and who may see what, into docs/matrix.md and docs/access.md
	@$(BIN)/python -m tests.matrix docs/matrix.md
	@$(BIN)/python -m tests.access docs/access.md

pictures: setup-test ## Take the documentation's pictures afresh from the real app
	@$(BIN)/python -m tests.browser.pictures

clean: ## Remove what was installed and made
	rm -rf .venv var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
