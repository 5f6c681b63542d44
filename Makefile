# `make` alone shows what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Where one system is shared by many tests, what ails it would be told by each of them anew.
FEW := -q --maxfail=5 --tb=short
APART := tests/chaos tests/integration/local tests/integration/away tests/contract/test_http_contract.py
BESIDE := $(MAKE) --no-print-directory --jobs=2 --output-sync=target
UV := 0.13.9
PIP_AUDIT := 2.9.0
STAMPS := .stamps
REPLICAS ?=
MINUTES ?= 10
BENCHES ?= startup intake relay consumer fanout stages replicas backlog shedding clocks roster

.PHONY: help run demo test setup lint audit unit shared apart oracle contract integration chaos chaos-short browser bench soak stop status doctor lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/run ## Set up what is missing and run the whole system with demo data until Ctrl-C
	@exec $(BIN)/steward up --demo $(foreach pair,$(REPLICAS),--replicas $(pair))

test: setup ## Check everything, in the order of what fails fastest; the slow tests on two processors
	@$(BESIDE) lint unit
	@echo "The system and its faults, side by side; each is printed when it has ended, after some 15 to 20 minutes."
	@$(BESIDE) shared apart

# Two halves that take about as long: what starts for itself what it then kills, with the questions to every route; and all else.
shared: $(STAMPS)/test
	$(PYTEST) $(FEW) tests/integration tests/contract tests/browser $(addprefix --ignore=,$(APART))

apart: $(STAMPS)/test
	$(PYTEST) $(FEW) $(APART)

setup: $(STAMPS)/test ## Install everything that running and testing need

$(STAMPS)/run: $(STAMPS)/venv deploy/bootstrap.sh
	@deploy/bootstrap.sh run
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv deploy/bootstrap.sh
	@deploy/bootstrap.sh test
	@touch $@

# One environment for running and testing, exactly what the lock says, every file checked by its hash.
$(STAMPS)/venv: requirements.lock pyproject.toml
	@deploy/bootstrap.sh run
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

lint: $(STAMPS)/venv ## Style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy steward $(wildcard services/*/model.py services/*/model)
	$(BIN)/lint-imports --no-cache --no-logo

audit: $(STAMPS)/venv ## Ask OSV for known weaknesses of what the lock holds; needs the network
	@$(BIN)/python -c "import socket; socket.create_connection(('api.osv.dev', 443), 10)" 2>/dev/null || \
		{ echo "not checked: api.osv.dev cannot be reached from here" >&2; exit 2; }
	@$(BIN)/uv tool run --quiet pip-audit@$(PIP_AUDIT) --vulnerability-service osv --disable-pip --require-hashes --requirement requirements.lock

unit: $(STAMPS)/venv ## Pure tests, seconds
	$(PYTEST) -q tests/unit

oracle: $(STAMPS)/venv ## Working time against an account of every minute: a million random cases, 31 zones
	$(BIN)/python -W ignore -m tests.oracle.working --cases 1000000 --seed 1 --processes 2

contract: $(STAMPS)/test ## Public documents and what consumers rely on
	$(PYTEST) -q tests/contract

integration: $(STAMPS)/test ## Services on a real broker and a real store
	$(PYTEST) $(FEW) tests/integration

chaos-short: $(STAMPS)/test ## Fault injection, the few minutes of it that every change must pass
	$(PYTEST) $(FEW) tests/chaos

chaos: $(STAMPS)/test ## Fault injection, the long form, with figures
	rm -f var/figures.jsonl && mkdir -p var
	$(BIN)/steward chaos
	$(BIN)/steward chaos --replicas all=2
	STEWARD_FIGURES=$(CURDIR)/var/figures.jsonl $(BIN)/steward chaos --minutes $(MINUTES) --tickets 300 --kills 22
	STEWARD_FIGURES=$(CURDIR)/var/figures.jsonl $(PYTEST) -q tests/chaos tests/contract -m "long or not long"
	$(PYTEST) -q tests/integration -m long
	$(BIN)/python -m steward.testing.figures var/figures.jsonl

browser: $(STAMPS)/test ## The console in a real browser
	$(PYTEST) $(FEW) tests/browser

bench: $(STAMPS)/venv ## Figures of this machine, each beside its limit
	@deploy/bootstrap.sh bench
	@missed=; for bench in $(BENCHES); do $(BIN)/python -W ignore -m bench.$$bench || missed="$$missed $$bench"; done; \
	$(BIN)/python -m bench.intake --callers 1 --tickets 200 || missed="$$missed intake(1)"; \
	[ -z "$$missed" ] || { echo "aims missed:$$missed" >&2; exit 1; }

soak: $(STAMPS)/venv ## Half an hour of even load, and what becomes of each process's memory
	$(BIN)/python -m bench.soak

stop: $(STAMPS)/venv ## Stop what `make run` or `steward up` started
	@$(BIN)/steward stop

status: $(STAMPS)/venv ## Show what runs
	@$(BIN)/steward status

doctor: $(STAMPS)/venv ## Say what is wrong with this installation and what mends it
	@$(BIN)/steward doctor

lock: $(STAMPS)/venv ## Resolve requirements*.in anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-emit-index-url --no-emit-find-links requirements-dev.in --output-file requirements.lock

clean: ## Remove what was built; data in var/ stays
	rm -rf $(STAMPS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
