# Every target sets up .venv by itself. `make book` installs only what the book needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL) -c requirements.lock
# Two more environments, for `make test-versions` alone, each with a Python of its own: the newest
# libraries want a new one, the oldest have no wheels for it. Of a list, the first that really runs
# (pyenv has names that do not) and can make environments.
OLDEST := .venv-oldest
NEWEST := .venv-newest
first = $(shell for p in $(1); do $$p -c 'import venv, ensurepip' 2>/dev/null && echo $$p && break; done)
OLDEST_PYTHON ?= $(or $(call first,python3.11 python3.12),$(PYTHON))
NEWEST_PYTHON ?= $(or $(call first,python3.13 python3.12 python3.11),$(PYTHON))
# One BLAS thread per process: at these sizes more threads are slower, and tests run in parallel.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help book pdf test test-long test-all test-versions test-oldest test-newest lab execute exercises grade site live bench lint clean

help:
	@echo "make book       build the HTML book and print where it is"
	@echo "make pdf        the built book as one PDF beside its pages, linked from them"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       what this machine can test in a quarter of an hour (no browser, no box: skipped)"
	@echo "make test-long  the long tests"
	@echo "make test-all   both; what CI runs"
	@echo "make test-versions   package and notebooks on the oldest versions allowed, then on the newest"
	@echo "                     (halves: make test-oldest, make test-newest)"
	@echo "make lint       ruff and mypy"
	@echo "make bench      speed beside the random-number floor and other libraries"
	@echo "make clean      remove what was built"
	@echo "make execute    run every chapter whose code changed and store its outputs"
	@echo "make exercises  make the student notebooks from their masters"
	@echo "make grade SUBMISSIONS=folder EXERCISE=01_landscape   grade in bubblewrap"
	@echo "make site       the book, and each of its pages as a notebook too"
	@echo "make live       a self-hosted copy of the site, Python included, that works offline"

$(BIN)/python: CHOICE = PYTHON
$(OLDEST)/bin/python: CHOICE = OLDEST_PYTHON
$(NEWEST)/bin/python: CHOICE = NEWEST_PYTHON
$(BIN)/python $(OLDEST)/bin/python $(NEWEST)/bin/python:
	@$($(CHOICE)) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "This book needs Python 3.11, 3.12 or 3.13; $($(CHOICE)) is $$($($(CHOICE)) --version 2>&1)."; \
	       echo "Point to one with: make $(CHOICE)=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$($(CHOICE)) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "$($(CHOICE)) has no venv module. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$($(CHOICE)) -m venv $(@:/bin/python=)

# A stamp a set of extras: it is older than the files that say what belongs in it after an edit.
$(VENV)/.%: pyproject.toml requirements.lock | $(BIN)/python
	$(PIP) -e '.[$*]'
	@touch $@

# The lower bounds of pyproject.toml. Only wheels: where there are none (NumPy 2.0 on Python 3.13),
# pip says so at once instead of compiling.
$(OLDEST)/.test: pyproject.toml requirements.lock tools/versions.py | $(OLDEST)/bin/python
	$(OLDEST)/bin/python $(INSTALL) packaging
	$(OLDEST)/bin/python -m tools.versions > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python $(INSTALL) --only-binary numpy,scipy,matplotlib,scikit-learn \
	  -c $(OLDEST)/constraints.txt -e '.[test]'
	@touch $@

book: $(VENV)/.book
	$(BIN)/jupyter-book build . -W -n --keep-going --all
	@echo "The book is built: $(CURDIR)/_build/html/index.html"
	@echo "Open that file in a browser. To run its cells in the page, serve the folder:"
	@echo "  $(BIN)/python -m http.server -d _build/html    and open http://localhost:8000"

pdf: $(VENV)/.pdf book
	$(BIN)/python -m tools.make_pdf _build/html

lab: $(VENV)/.lab
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/chapters

test: $(VENV)/.test lint
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadgroup

test-long: $(VENV)/.test
	$(BIN)/python -m pytest -m "long" -n 2 --dist loadgroup

test-all: test test-long

# What the versions of libraries can break: the package, the grader, the tools, every notebook from
# top to bottom. Pages, browsers and the box do not depend on them; test_house holds the lock.
LIBRARIES = -m pytest -m "not (long or browser or box or node)" -n 2 --dist loadgroup \
  --ignore=tests/test_house.py --ignore=tests/test_pdf.py \
  --ignore-glob='*/test_book*' --ignore-glob='*/test_lite*' --ignore-glob='*/test_live*'

test-versions: test-oldest test-newest

test-oldest: $(OLDEST)/.test
	$(OLDEST)/bin/python -m tools.versions installed
	$(OLDEST)/bin/python $(LIBRARIES)

# No stamp: what is newest changes by itself.
test-newest: $(NEWEST)/bin/python
	$(NEWEST)/bin/python $(INSTALL) --upgrade --upgrade-strategy eager -e '.[test]'
	$(NEWEST)/bin/python -m tools.versions installed
	$(NEWEST)/bin/python $(LIBRARIES)

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
	$(BIN)/python -m benchmarks.profile_ising

site: $(VENV)/.lite book
	$(BIN)/python -m tools.lite_site _build/html

live: $(VENV)/.lite book
	$(BIN)/python -m tools.pyodide_site _build/html
	$(BIN)/python -m tools.lite_site _build/html

clean:
	rm -rf _build build .mypy_cache .pytest_cache .ruff_cache .hypothesis
