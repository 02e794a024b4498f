# Works on a machine with python3, make and git alone; each target sets up what it needs.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
QUICK ?=
JOBS ?=
PIN ?=
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help reproduce simulations test test-frameworks test-r bench fuzz check format readme lock preview clean

help:
	@echo 'make reproduce        run the studies, draw the figures, write the tables (QUICK=1 for a short run, JOBS=n)'
	@echo 'make simulations      run every study, or go on with it, write the summaries (QUICK=1, JOBS=n)'
	@echo 'make test             run the tests (JOBS=n workers, ARGS="-k softmax" for some of them)'
	@echo 'make test-frameworks  compare loss and gradient with PyTorch and Keras, in an environment of its own'
	@echo 'make test-r           compare fits and covariances with R, where it is (PIN=1 pins what R says)'
	@echo 'make bench            time solver, theory, engine and estimators, draw the figure (QUICK=1 for a try)'
	@echo 'make fuzz             100 000 random hard problems through the solver (half an hour; JOBS=n workers)'
	@echo 'make check            formatter, linter, types, then the tests'
	@echo 'make format           rewrite the code in the project style'
	@echo 'make readme           rewrite the generated parts of README.md'
	@echo 'make preview          turn the PDF figures into PNG pages in build/preview'
	@echo 'make lock             pin the dependencies anew from pyproject.toml'
	@echo 'make clean            remove the environments, caches and build/'
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

# Five minutes at most: installing gives up by itself, and a test that hangs fails.
LIMIT := $(shell command -v timeout 2>/dev/null)

test-frameworks: .venv-frameworks/.ready
	@[ ! -e $< ] || $(THREADS) $(if $(LIMIT),$(LIMIT) 90) .venv-frameworks/bin/python -m pytest tests/frameworks $(ARGS)

# Without R the pinned results alone are compared, as in `make test`.
R_RESULTS := $(if $(filter-out 0,$(PIN)),tests/r/pinned.json,build/r.json)

test-r: .venv/.ready
	@mkdir -p build
	@if command -v Rscript >/dev/null; then \
		Rscript tests/r/agreement.R mlbalance/data/glass.csv $(R_RESULTS) && export R_RESULTS=$(R_RESULTS) || exit 1; \
	else \
		echo 'R is not on the path: compared with the results in tests/r/pinned.json alone.'; \
	fi && $(THREADS) $(BIN)/python -m pytest --no-header -rs tests/r $(ARGS)

BENCH := $(if $(filter-out 0,$(QUICK)),build/quick build/quick/figures,tests/bench paper/generated)

bench: .venv/.ready
	@for part in solver existence theory engine estimators; do \
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
	@rm -rf .venv .venv-frameworks build dist .mypy_cache .pytest_cache .ruff_cache
	@find mlbalance simulations paper tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# Set-up. A new lock gives a new environment, so that nothing outlives its pin; a new pyproject.toml
# only repeats the editable install. A stamp is written last: what was interrupted starts over.

ifdef UV
CREATE = $(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(@D)
INSTALL = $(UV) pip install --quiet --python $(@D)/bin/python
VERIFY = $(UV) pip check --quiet --python $(@D)/bin/python
else
CREATE = $(PYTHON) -m venv $(@D)
INSTALL = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-input
VERIFY = $(@D)/bin/python -m pip check --quiet --disable-pip-version-check
endif

define FIND_PYTHON
@command -v $(PYTHON) >/dev/null || { echo 'There is no $(PYTHON) on the path; mlbalance needs Python 3.11 or newer.' >&2; exit 1; }
@$(PYTHON) -c "$$CHECK_PYTHON"
endef

.venv/.locked: requirements.lock
	$(FIND_PYTHON)
	@echo 'Setting up .venv with $(if $(UV),uv,venv and pip) (once; a minute or two) ...'
	@rm -rf $(@D)
	@$(CREATE)
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@$(VERIFY) || { echo 'requirements.lock does not fit pyproject.toml: run `make lock`.' >&2; exit 1; }
	@touch $@

.venv/.preview: .venv/.ready
	@$(INSTALL) --no-build-isolation -e '.[preview]'
	@touch $@

# PyTorch and Keras are large, and cannot be had for every Python: without them this leaves no stamp,
# and says so. They are of the group `frameworks` and not locked; the libraries under both are.
GROUP = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["frameworks"])

.venv-frameworks/.ready: requirements.lock pyproject.toml
	$(FIND_PYTHON)
	@echo 'Setting up .venv-frameworks with PyTorch and Keras (once; three minutes at most) ...'
	@rm -rf $(@D)
	@$(CREATE)
	@mkdir -p build
	@sed -n '/^[a-z]/s/ *\\$$//p' requirements.lock >build/locked.txt
	@$(if $(LIMIT),$(LIMIT) 180) $(INSTALL) --only-binary=:all: -c build/locked.txt \
		$$($(PYTHON) -c '$(GROUP)') >build/frameworks.log 2>&1 && touch $@ || { \
		rm -rf $(@D); \
		echo 'not run: PyTorch and Keras cannot be installed here within three minutes (build/frameworks.log).'; \
	}

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
