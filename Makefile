# Works on a machine with python3, make and git alone; each target sets up what it needs.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
QUICK ?=
JOBS ?=
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help reproduce simulations test bench fuzz check format readme lock preview clean

help:
	@echo 'make reproduce   run the studies, draw the figures, write the tables (QUICK=1 for a short run, JOBS=n)'
	@echo 'make simulations run every study, or go on with it, write the summaries (QUICK=1, JOBS=n)'
	@echo 'make test        run the tests (JOBS=n workers, ARGS="-k softmax" for some of them)'
	@echo 'make bench       time solver, theory and engine, draw the figure (seven minutes; QUICK=1 for a try)'
	@echo 'make fuzz        100 000 random hard problems through the solver (half an hour; JOBS=n workers)'
	@echo 'make check       formatter, linter, types, then the tests'
	@echo 'make format      rewrite the code in the project style'
	@echo 'make readme      rewrite the generated parts of README.md'
	@echo 'make preview     turn the PDF figures into PNG pages in build/preview'
	@echo 'make lock        pin the dependencies anew from pyproject.toml'
	@echo 'make clean       remove the environment, caches and build/'
	@echo
	@echo 'The first one takes a minute or two to set up .venv. Another interpreter: make PYTHON=python3.13 ...'

reproduce: .venv/.ready
	@$(BIN)/mlbalance reproduce $(if $(filter-out 0,$(QUICK)),--quick) $(if $(JOBS),--jobs $(JOBS))

simulations: .venv/.ready
	@for study in $(notdir $(basename $(wildcard simulations/[a-z]*.py))); do \
		echo "$$study" && $(BIN)/mlbalance run $$study $(if $(filter-out 0,$(QUICK)),--quick) \
			$(if $(JOBS),--jobs $(JOBS)) || exit 1; \
	done

# One BLAS thread per worker: workers that each take every core slow one another down.
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1
PYTEST = $(THREADS) $(BIN)/python -m pytest --no-header -n $(or $(JOBS),2) --dist worksteal $(ARGS)

test: .venv/.ready
	@$(PYTEST)

BENCH := $(if $(filter-out 0,$(QUICK)),build/quick build/quick/figures,tests/bench paper/generated)

bench: .venv/.ready
	@for part in solver theory engine; do \
		$(THREADS) $(BIN)/python tests/bench/$$part.py $(if $(filter-out 0,$(QUICK)),--quick) || exit 1; \
	done
	@mkdir -p $(lastword $(BENCH))
	@$(BIN)/python paper/figures/cost.py $(BENCH)

fuzz: .venv/.ready
	@$(THREADS) $(BIN)/python tests/fuzz/solver.py $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

check: .venv/.ready
	@$(BIN)/ruff format --check --quiet . || { echo 'The files above need `make format`.' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(PYTEST)

format: .venv/.ready
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

readme: .venv/.ready
	@$(BIN)/python tests/readme.py

preview: .venv/.preview
	@$(BIN)/python paper/preview.py

# Without uv on the path, a private one. No address may get into the lock: it must serve any index.
lock:
	@if [ -n "$(UV)" ]; then uv="$(UV)"; else \
	  $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv && uv=build/uv/bin/uv; fi && \
	"$$uv" pip compile pyproject.toml --group dev --extra compare --universal --generate-hashes \
	  --no-header --no-annotate --quiet $(ARGS) -o requirements.lock
	@! grep -n '://' requirements.lock || { echo 'requirements.lock holds an address.' >&2; exit 1; }

clean:
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache
	@find mlbalance simulations paper tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# Set-up. A new lock gives a new environment, so that nothing outlives its pin; a new pyproject.toml
# only repeats the editable install. A stamp is written last: what was interrupted starts over.

ifdef UV
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
VERIFY = $(UV) pip check --quiet --python $(BIN)/python
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
VERIFY = $(BIN)/python -m pip check --quiet --disable-pip-version-check
endif

.venv/.locked: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo 'There is no $(PYTHON) on the path; mlbalance needs Python 3.11 or newer.' >&2; exit 1; }
	@$(PYTHON) -c "$$CHECK_PYTHON"
	@echo 'Setting up .venv with $(if $(UV),uv,venv and pip) (once; a minute or two) ...'
	@rm -rf .venv
	@$(if $(UV),$(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv,$(PYTHON) -m venv .venv)
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@$(VERIFY) || { echo 'requirements.lock does not fit pyproject.toml: run `make lock`.' >&2; exit 1; }
	@touch $@

.venv/.preview: .venv/.ready
	@$(INSTALL) --no-build-isolation -e '.[preview]'
	@touch $@

# Written so that every Python since 2.6 can say why it will not do.
define CHECK_PYTHON
import sys
version = '.'.join(str(part) for part in sys.version_info[:3])
if sys.version_info < (3, 11):
    sys.exit('mlbalance needs Python 3.11 or newer; $(PYTHON) is %s. Try: make PYTHON=python3.13 ...' % version)
if sys.version_info >= (3, 15):
    sys.exit('requirements.lock pins NumPy and SciPy for Python 3.11 to 3.14; $(PYTHON) is %s. Try: make PYTHON=python3.14 ...' % version)
if not '$(UV)':
    try:
        import ensurepip, venv
    except ImportError:
        sys.exit('$(PYTHON) has no venv module; install it (python3-venv on Debian and Ubuntu) or uv.')
endef
export CHECK_PYTHON
