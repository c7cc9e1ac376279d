# Needs python3 (3.11 or newer) and make; everything else it brings into this folder.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .data
UV := .tools/bin/uv
RUN := .venv/bin
READY := .venv/.synced

export UV_PYTHON_DOWNLOADS := never
# Trust whom this machine trusts, as pip does; uv's own list knows no company's certificate.
export UV_SYSTEM_CERTS := 1

.DEFAULT_GOAL := help
.PHONY: help demo up test seeds check fix docs chaos soak storm bench lock

help:  ## this page
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY)  ## the whole system with a demo user whose bots trade on the paper exchange
	@exec $(RUN)/tradingbot up --demo --port $(PORT) --data-dir $(DATA_DIR) $(ARGS)

up: $(READY)  ## the whole system, empty
	@exec $(RUN)/tradingbot up --port $(PORT) --data-dir $(DATA_DIR) $(ARGS)

test: $(READY)  ## every test; starts the servers it needs itself
	$(RUN)/pytest -n 3 --dist worksteal $(ARGS)
	$(if $(ARGS),,$(RUN)/pytest -m alone tests/chaos)

seeds: $(READY)  ## the simulation: many lives of the order path, e.g. ARGS="--count 100000 --jobs 2"
	@$(RUN)/python -m tests.seeds $(ARGS)

check: $(READY)  ## format, lint, types, import contracts
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

fix: $(READY)  ## format, and mend what the linter can mend
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

docs: $(READY)  ## the pages that are drawn from the code
	$(RUN)/python -m tradingbot.adapters.ccxt_error_table > docs/error-codes.md

chaos: $(READY)  ## the fault tests at full length, hours of them; ARGS="--only 2 --orders 500"
	$(RUN)/python -m tests.chaos $(ARGS)

soak: $(READY)  ## an hour of trade under one per cent of every fault; ARGS="--hours 24"
	$(RUN)/python -m tests.chaos --only 20 --exchange both $(ARGS)

storm: $(READY)  ## 10,000 messages by each channel, carriers killed; ARGS="--channel telegram"
	@$(RUN)/python -m tests.notifications $(ARGS)

bench: $(READY)  ## the benchmarks, one JSON line each
	$(RUN)/python -m bench $(ARGS)

lock: $(UV)  ## pin every dependency, with hashes, from pyproject.toml
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --group dev pyproject.toml -o requirements.lock

$(READY): requirements.lock pyproject.toml $(UV)
	@test -x $(RUN)/python || $(UV) venv --quiet --python "$$(command -v $(PYTHON))" .venv
	@$(UV) pip sync --quiet --python $(RUN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(RUN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "make: $(PYTHON) 3.11 or newer is needed; PYTHON=… names another" >&2; exit 1; }
	@{ $(PYTHON) -m venv .tools && .tools/bin/pip install --quiet uv; } >/dev/null 2>&1 \
		|| $(PYTHON) -m pip install --quiet --target .tools uv >/dev/null 2>&1 \
		|| { echo "make: uv cannot be installed; python3 -m venv or python3 -m pip must work" >&2; exit 1; }
