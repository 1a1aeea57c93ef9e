# make setup  installs what a run needs (once; fast afterwards)
# make run    judges the reference SDKs and the published build, and ends with the report's path
# make test   everything that CI checks
# make bench  measures; asserts nothing

SDK ?= npm:@cometchat/calls-sdk-javascript@4.2.6
CALLS := npm:@cometchat/calls-sdk-javascript
TESTED := $(CALLS)@4.0.12 $(CALLS)@4.1.0 $(CALLS)@4.2.1 $(CALLS)@4.2.4 $(CALLS)@4.2.6 npm:@cometchat/chat-sdk-javascript@4.2.0
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test bench lint clean

setup:
	@sh tools/setup.sh "$(PYTHON)" "$(SDK)"

run: setup
	@echo "testcall: judging the two reference SDKs and $(SDK) (about 3 minutes)"
	@$(BIN)/testcall run --sdk reference:calls/javascript-v5 --sdk reference:calls/javascript-v4 --sdk "$(SDK)" || [ $$? -eq 1 ] || [ $$? -eq 3 ]

lint: setup
	@echo "testcall: ruff, mypy"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint
	@echo "testcall: contracts, then all tests"
	@$(BIN)/testcall spec check
	@$(BIN)/testcall fetch $(TESTED)
	@$(BIN)/pytest

bench: setup
	@$(BIN)/python -m benchmarks

clean:
	@rm -rf .venv testcall-out dist .mypy_cache .ruff_cache .pytest_cache
