# Every target sets up .venv by itself. `make book` installs only what the book needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
# One BLAS thread per process: at these sizes more threads are slower, and tests run in parallel.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help book pdf test test-long test-all lab execute exercises grade site live bench lint clean

help:
	@echo "make book       build the HTML book and print where it is"
	@echo "make pdf        the built book as one PDF beside its pages, linked from them"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       tests that run here in a few minutes (browser and box tests skip if absent)"
	@echo "make test-long  the long tests"
	@echo "make test-all   both; what CI runs"
	@echo "make lint       ruff and mypy"
	@echo "make bench      speed beside the random-number floor and other libraries"
	@echo "make clean      remove what was built"
	@echo "make execute    run every chapter whose code changed and store its outputs"
	@echo "make exercises  make the student notebooks from their masters"
	@echo "make grade SUBMISSIONS=folder EXERCISE=01_landscape   grade in bubblewrap"
	@echo "make site       the book, and each of its pages as a notebook too"
	@echo "make live       a self-hosted copy of the site, Python included, that works offline"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "This book needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	       echo "Point to one with: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv module. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp a set of extras: it is older than the files that say what belongs in it after an edit.
$(VENV)/.%: pyproject.toml requirements.lock | $(BIN)/python
	$(PIP) -e '.[$*]'
	@touch $@

book: $(VENV)/.book
	$(BIN)/jupyter-book build . -W -n --keep-going --all
	@echo "The book is built: $(CURDIR)/_build/html/index.html"
	@echo "Open that file in a browser. To run its cells in the page, serve the folder:"
	@echo "  $(BIN)/python -m http.server -d _build/html    and open http://localhost:8000"

pdf: $(VENV)/.pdf book
	$(BIN)/python -m tools.make_pdf _build/html

lab: $(VENV)/.lab
	$(BIN)/jupyter lab chapters

test: $(VENV)/.test lint
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadgroup

test-long: $(VENV)/.test
	$(BIN)/python -m pytest -m "long" -n 2 --dist loadgroup

test-all: test test-long

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

execute: $(VENV)/.test
	$(BIN)/python -m tools.execute

exercises: $(VENV)/.test
	$(BIN)/python -m gradekit.build exercises

grade: $(VENV)/.exercises $(if $(SCHEDULER),$(VENV)/.scale)
	$(BIN)/python -m gradekit.grade --exercise exercises/$(EXERCISE) \
	  $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(SUBMISSIONS)

bench: $(VENV)/.peers
	$(BIN)/python -m benchmarks

site: $(VENV)/.lite book
	$(BIN)/python -m tools.lite_site _build/html

live: $(VENV)/.lite book
	$(BIN)/python -m tools.pyodide_site _build/html
	$(BIN)/python -m tools.lite_site _build/html

clean:
	rm -rf _build build .mypy_cache .pytest_cache .ruff_cache .hypothesis
