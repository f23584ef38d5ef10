# Needs GNU make and Python 3.11 or newer; everything else goes into .venv, nothing outside this folder.
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
OUT ?= demo-output

.DEFAULT_GOAL := help
.PHONY: help demo test check bench torture wheel clean libraries

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*  ## /make \1 - /p' Makefile

demo: libraries  ## run the demo company; its files are written to demo-output/
	@$(VENV)/bin/sphinx-lib demo --out $(OUT)

check: $(READY)  ## the fast checks, for every save: lint, types, layers, unit tests without PostgreSQL
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q -m "not postgresql and not wheel" tests/test_layers.py tests/unit

# The tests come last so that their total is the last line. A file stays on one worker, which keeps what it makes once.
test: libraries  ## everything that CI runs: lint, types, documentation, all tests on SQLite and PostgreSQL, the wheel
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q --doctest-glob='*.md' README.md docs
	$(PY) -m pytest -n 2 --dist loadfile tests examples/tailoring

bench: libraries  ## the ratios of benchmarks/, measured side by side
	$(PY) -m benchmarks

# Such as: make torture SECONDS=1800 SEED=7 DATABASE=postgresql FAMILIES=kills,processes
SECONDS ?= 60
DATABASE ?= both
torture: libraries  ## attack at random for SECONDS=60, with SEED=, DATABASE=sqlite|postgresql|both, FAMILIES=
	@$(PY) -m tests.torture --seconds $(SECONDS) --database $(DATABASE) $(if $(SEED),--seed $(SEED)) $(if $(FAMILIES),--families $(FAMILIES))

wheel: $(READY)  ## build the wheel into dist/
	$(PY) -m build --wheel --outdir dist .

clean:  ## remove the environment, the caches and what the commands made
	rm -rf $(VENV) dist build demo-output .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

libraries: $(READY)
	@$(PY) scripts/preflight.py libraries

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) on this machine. Install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) scripts/preflight.py interpreter
	@test -x $(PY) || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV) (a minute or so the first time, then only when pyproject.toml changes)"
	@$(PY) -m pip install -qq --disable-pip-version-check --editable '.[dev]' || { \
	  echo "The packages could not be installed: see pip's message above (network? package index?), then run make again." >&2; \
	  exit 1; }
	@touch $@
