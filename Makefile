# Two commands do all: `make run` and `make test`. Everything else is for convenience.
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench clean

ARGS ?=
# Test processes at once: one more than two processors, since many tests wait for a browser, a
# server or a worker of their own. Four take longer and a fifth more processor time.
JOBS ?= 3

help: ## what can be done here
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: ## start Lontar; PORT, HOST, LONTAR_HOME and .env are honoured
	@exec launch/start run

test: ## run all tests; ARGS="chat -k resume" narrows them down
	@exec launch/start test -n $(JOBS) --dist loadfile $(ARGS)

lint: ## style, formatting and types
	@launch/start setup dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@SECRET_KEY=lint .venv/bin/mypy

format: ## put the code into shape
	@launch/start setup dev
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: ## measure start, memory, ingestion, search and streaming
	@exec launch/start python -m bench $(ARGS)

clean: ## remove the installed packages and caches; people's data in .lontar stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
