# `make help` lists what there is. Everything runs in .venv, which `make setup` makes; Python 3.11+ and Java 17 are assumed.
PYTHON ?= python3
BIN := .venv/bin
LAKE ?= lake

.DEFAULT_GOAL := help
.PHONY: help setup browser demo run test test-fast test-exhaustive check format peers bench dist clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: .venv/.installed  ## make .venv with the console script `corpusmill` in it

.venv/.installed: setup.py
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"found Python {sys.version.split()[0]}, expected 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@java -version 2>/dev/null || { echo "found no Java, expected Java 17: install it or set PATH"; exit 2; }
	@echo "setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable '.[cpu,dev]'
	@$(BIN)/python -m jobs.runtime.class_archive
	@touch $@

browser:  ## Chromium for the tests of pages, by apt-get, where it is missing and root is here
	@test -x /usr/bin/chromium || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null && echo "installing Chromium, which tests of pages look at them in" \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core > /dev/null; } \
		|| echo "found no Chromium, and it could not be installed: tests of pages are skipped"

# A page that programs cut in two places, and in whose place a near-duplicate went.
EXPLAINED := https://ledgerlines.example/blog/emergency-fund

demo: setup  ## run the whole pipeline on sample/, show the corpus by domain and quality, and name the report
	@$(BIN)/corpusmill run --conf conf/demo.yaml --lake $(LAKE)
	@$(BIN)/corpusmill sql --lake $(LAKE) "SELECT domain, sum(if(quality = 1, 1, 0)) q1, sum(if(quality = 2, 1, 0)) q2, sum(if(quality = 3, 1, 0)) q3, sum(if(quality = 4, 1, 0)) q4, sum(if(quality = 5, 1, 0)) q5, count(*) documents, sum(tokens) tokens FROM corpus GROUP BY domain ORDER BY domain"
	@test -f $(LAKE)/explained.html || $(BIN)/corpusmill explain --lake $(LAKE) --html $(LAKE)/explained.html $(EXPLAINED) > /dev/null
	@echo
	@echo "Look at, in a browser:"
	@echo "  $(LAKE)/report.html      what the lake holds, and what became of its pages"
	@echo "  $(LAKE)/explained.html   one page with all that was done to it: $(EXPLAINED)"
	@echo "Try next:"
	@echo "  $(BIN)/corpusmill status --lake $(LAKE)"
	@echo "  $(BIN)/corpusmill sql --lake $(LAKE) \"SELECT reason, count(*), min(url) AS example FROM screened WHERE NOT keep GROUP BY ALL\""
	@echo "  $(BIN)/corpusmill whatif --conf conf/demo.yaml --lake $(LAKE) --set screen.rules.word_count.at_least=100"

run: setup  ## run on your own data: make run INPUT='/data/*.warc.gz' LAKE=./lake
	@$(BIN)/corpusmill run --input '$(INPUT)' --lake $(LAKE)

# Two workers, each with a JVM of its own; the files of tests go to them one by one, in order.
TWO_WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

test: setup browser  ## every test but the exhaustive ones
	@$(BIN)/python -m pytest $(TWO_WORKERS) -m "not exhaustive"

test-fast: setup browser  ## the tests that need no minutes
	@$(BIN)/python -m pytest $(TWO_WORKERS) -m "not slow and not exhaustive"

test-exhaustive: setup  ## kernel = definition on every real text and on 100,000 made-up ones: a quarter of an hour
	@HYPOTHESIS_PROFILE=exploring $(BIN)/python -m pytest -m exhaustive

check: setup  ## ruff, format, mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup  ## let ruff format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

peers: .venv-peers/.installed  ## the peers of the benchmarks, in .venv-peers

.venv-peers/.installed: benchmarks/peers/requirements.txt
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --quiet --disable-pip-version-check --requirement $<
	@touch $@

bench: setup peers  ## the benchmarks behind the README's figures
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

dist: setup  ## dist/corpusmill-*.whl for pip and Databricks, and the identical .zip for spark-submit
	@rm -rf dist build && $(BIN)/python -m build --wheel --quiet && for wheel in dist/*.whl; do cp $$wheel dist/$$(basename $$wheel | cut -d- -f1,2).zip; done && ls dist

clean:  ## remove what was built, but not .venv or any lake
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache && find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
