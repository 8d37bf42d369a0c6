# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt

.PHONY: help same learn install setup demo test coverage check bench release clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     the bot against a local stand-in of Slack, in a page (ARGS=--once: without staying)"
	@echo "make test     all tests, on SQLite and PostgreSQL (ARGS=\"-m 'not slow'\": those that are quick)"
	@echo "make coverage the same, and which lines and branches of the three packages no test runs"
	@echo "make check    format, lint, types, imports"
	@echo "make bench    what it does in a second, as ratios in one run"
	@echo "make same     whether another checkout answers alike (AGAINST=...; ARGS=--corpus ...: more texts)"
	@echo "make learn    make the likeness model from the replies of training as they are now"
	@echo "make release  check, test, build and tag what is committed (VERSION=x.y.z)"
	@echo "make install  only install, into $(VENV), what a running bot needs"
	@echo "make setup    the same with the developers' tools"

install: $(VENV)/.runtime

setup: $(VENV)/.developer

demo: $(VENV)/.demo
	@$(BIN)/bounce demo $(ARGS)

test: $(VENV)/.developer
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

coverage: $(VENV)/.developer
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term $(ARGS)

check: $(VENV)/.developer
	@$(BIN)/ruff format --check --quiet . || { echo "make check: run $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

same: $(VENV)/.developer
	@$(BIN)/python -m tests.equivalence $(AGAINST) $(ARGS)

learn: $(VENV)/.developer
	@$(BIN)/python -m training $(ARGS)

bench: $(VENV)/.developer
	@$(BIN)/python -m tests.benchmarks $(ARGS)

release: $(VENV)/.developer
	@ARGS="$(ARGS)" .ci/release "$(VERSION)"

clean:
	rm -rf $(VENV) build dist .mypy_cache .coverage .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bounce Desk needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing (Debian and Ubuntu: apt install python3-venv)"; rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: $(INPUTS) | $(BIN)/python
	@echo "installing Bounce Desk into $(VENV) ..."
	@$(PIP) --editable '.[fast]'
	@touch $@

$(VENV)/.demo: $(INPUTS) | $(BIN)/python
	@echo "installing Bounce Desk and its demo into $(VENV) ..."
	@$(PIP) --editable '.[demo,fast]'
	@touch $@ $(VENV)/.runtime

$(VENV)/.developer: $(INPUTS) | $(BIN)/python
	@echo "installing Bounce Desk and its tools into $(VENV) ..."
	@$(PIP) --editable '.[demo,dev,fast]'
	@touch $@ $(VENV)/.demo $(VENV)/.runtime
