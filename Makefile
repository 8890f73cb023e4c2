# `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup run test lint format bench soak lock clean
SHELL := /bin/sh

ARGS ?=
PART ?=
WORKERS ?= auto
BIN := .venv/bin
PYTEST := $(BIN)/pytest

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1#\2/p' $(MAKEFILE_LIST) | awk -F'#' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: ## Create .venv with everything in requirements.lock (does nothing when it is up to date)
	@.ci/setup

run: setup ## Start the desk: database, web server, job worker (PORT=8001 for another port)
	@exec $(BIN)/python manage.py run

test: setup ## Run all tests against a real PostgreSQL (ARGS="tests/orders -k refund" for some)
	@exec $(PYTEST) --numprocesses=$(WORKERS) --maxprocesses=8 --dist=loadscope --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)

lint: setup ## Check style, types, layers, migrations, production settings and the files around the code
	@.ci/lint

format: setup ## Put the code into shape
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

bench: setup ## Measure speed and memory against the budgets (PART=lists for one part)
	@exec $(BIN)/python -m tests.benchmarks $(PART)

soak: setup ## Work the desk for a long time and look for leaks, stuck jobs and wrong sums (SOAK_MINUTES=60 for an hour)
	@exec $(PYTEST) -o python_files='soak_*.py' -p no:cacheprovider --no-cov --quiet -s tests/soak $(ARGS)

lock: setup ## Pin the newest releases that pyproject.toml allows
	@.ci/lock

clean: ## Remove what tools leave behind; the data in var and the environment in .venv stay
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	@rm -rf .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
