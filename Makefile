# Lockgate: every command a person needs. `make` alone lists them.
# Nothing but Python >= 3.11 and make is needed; each target builds the environment it runs in (.venv) from hash-pinned locks.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN  := $(VENV)/bin
# A Python of your choice: make up PYTHON=/path/to/python3.13
PYTHON ?=
# How many processes run the tests, and which tests: make test WORKERS=4 TESTS=tests/unit/core
WORKERS ?= 2
TESTS ?=
# How many examples `make fuzz` tries per property: make fuzz EXAMPLES=20000
EXAMPLES ?= 1000
# Passed on to `lockgate up`: make up UP="--data /srv/lockgate --gateway-addr 127.0.0.1:4000"
UP ?=

ENV = PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/env.sh

.PHONY: help up env env-dev env-sdk test check format lint types contracts rooms places locks-check fix bench fuzz locks clean

help: ## list the commands
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

up: env ## start Lockgate on this machine, with a small real model behind it
	@exec $(BIN)/lockgate up $(UP)

env: ## only build .venv, from which .venv/bin/lockgate runs
	@$(ENV) runtime model

env-dev:
	@$(ENV) dev

env-sdk:
	@VENV=.venv-sdk PYTHON="$(PYTHON)" sh scripts/env.sh sdk

test: env-dev env-sdk ## run all tests (about ten minutes on two cores)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(TESTS)

check: env-dev ## format, lint, types, import contracts, rooms, places, locks
	@$(MAKE) -k format lint contracts rooms places locks-check types
	@echo "check: all good"

format: env-dev
	@$(BIN)/ruff format --check --output-format concise . || { echo "format: 'make fix' mends this"; exit 1; }
lint: env-dev
	@$(BIN)/ruff check --quiet --output-format concise .
types: env-dev
	@$(BIN)/mypy
contracts: env-dev
	@PYTHONPATH=src $(BIN)/lint-imports --no-logo 2>&1 || exit 1
rooms: env-dev
	@$(BIN)/python scripts/rooms.py
places: env-dev
	@$(BIN)/python scripts/places.py
locks-check: env-dev
	@$(BIN)/python scripts/locks.py --check

fix: env-dev ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: env-dev ## measure speed, beside nginx when it is installed
	@$(BIN)/python -m bench $(BENCH)

fuzz: env-dev ## run the property tests with more examples; EXAMPLES=20000 for many more
	@EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n $(WORKERS) -q -m hypothesis --hypothesis-profile=fuzz $(TESTS)

locks: env-dev ## remake requirements/py3.*/ from requirements/*.in (needs uv; only to change dependencies)
	@$(BIN)/python scripts/locks.py

clean: ## remove the environments and caches; keeps ./data
	@rm -rf .venv .venv-sdk .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
