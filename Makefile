# Works on a machine with python3, make and git alone; each target sets up what it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
QUICK ?=
JOBS ?=
PIN ?=
ARGS ?=

# Whether a flag is on: empty if not.
flag = $(if $(filter-out 0 1 no yes false true,$($1)),$(error $1 is 1, yes or true, or 0, no, false or \
	nothing; "$($1)" was given),$(filter 1 yes true,$($1)))
IS_QUICK := $(call flag,QUICK)
IS_PIN := $(call flag,PIN)

ifeq ($(shell command -v '$(PYTHON)' 2>/dev/null),)
$(error There is no interpreter "$(PYTHON)"; mlbalance needs Python 3.11 or newer, as in make PYTHON=python3.13)
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help reproduce figures verify simulations contest test tests build mlbalance paper arxiv page docs test-pythons test-frameworks test-page test-r bench fuzz search mutation check format readme lock preview clean

help:
	@echo 'make reproduce        run the studies, draw the figures, write the tables'
	@echo 'make simulations      run every study, or resume it, write the summaries'
	@echo 'make contest          run the contest of the methods, left out above: an hour'
	@echo 'make figures          draw all figures from the summaries, and the claims table'
	@echo 'make verify           run the studies afresh, compare with the committed numbers'
	@echo 'make paper            typeset the paper; without TeX, its parts and a preview'
	@echo 'make arxiv            the same, and its sources as one archive that compiles'
	@echo 'make page             build the page of the advice, docs/page/index.html'
	@echo 'make docs             build the documentation in build/docs'
	@echo 'make test             run the quick tests (ARGS="-k softmax" for some of them)'
	@echo 'make test-pythons     run the tests on every supported Python that is here'
	@echo 'make test-frameworks  compare loss and gradient with PyTorch and Keras'
	@echo 'make test-page        try the page in a browser, where there is one'
	@echo 'make test-r           compare fits with R, where it is (PIN=1 pins its results)'
	@echo 'make bench            time solver, theory, engine, estimators, compare'
	@echo 'make fuzz             100 000 random hard problems for the solver: half an hour'
	@echo 'make search           look for counter-examples to a conjecture: minutes'
	@echo 'make mutation         change 260 lines, one by one: do tests notice? hours'
	@echo 'make check            formatter, linter, types, then all tests, slow ones too'
	@echo 'make format           rewrite the code in the project style'
	@echo 'make readme           rewrite the generated parts of README.md'
	@echo 'make preview          turn the PDF figures into PNG pages in build/preview'
	@echo 'make lock             pin the dependencies anew from pyproject.toml'
	@echo 'make clean            remove the environments, caches and build/'
	@echo
	@echo 'JOBS=n takes n processes. QUICK=1 makes reproduce, simulations and bench short.'
	@echo 'The first target sets up $(VENV), which takes a minute or two.'
	@echo 'Another interpreter: make PYTHON=python3.13 ...'

reproduce: $(VENV)/.ready
	@$(BIN)/mlbalance reproduce $(if $(IS_QUICK),--quick) $(if $(JOBS),--jobs $(JOBS))

figures: $(VENV)/.ready
	@$(THREADS) $(BIN)/mlbalance reproduce --figures $(if $(IS_QUICK),--quick) $(if $(JOBS),--jobs $(JOBS))

verify: $(VENV)/.ready
	@$(BIN)/mlbalance verify $(if $(IS_QUICK),--quick) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

simulations: $(VENV)/.ready
	@for study in $(filter-out contest,$(notdir $(basename $(wildcard simulations/[a-z]*.py)))); do \
		echo "$$study" && $(BIN)/mlbalance run $$study $(if $(IS_QUICK),--quick) \
			$(if $(JOBS),--jobs $(JOBS)) || exit 1; \
	done

contest: $(VENV)/.ready
	@$(BIN)/mlbalance run contest $(if $(IS_QUICK),--quick) $(if $(JOBS),--jobs $(JOBS))

# One BLAS thread per worker: workers that each take every core slow one another down.
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1
PYTEST = $(THREADS) $(BIN)/python -m pytest --no-header -n $(or $(JOBS),2) --dist worksteal

test: $(VENV)/.ready
	@$(PYTEST) -m 'not slow' $(ARGS)

page: $(VENV)/.ready
	@mkdir -p docs/page
	@$(BIN)/mlbalance page --out docs/page/index.html
	@echo docs/page/index.html

paper: $(VENV)/.ready
	@$(THREADS) $(BIN)/python paper/build.py $(ARGS)

docs: $(VENV)/.docs
	@$(THREADS) $(BIN)/python docs/build.py $(ARGS)

arxiv: $(VENV)/.ready
	@$(THREADS) $(BIN)/python paper/build.py --arxiv $(ARGS)

# Folders, of which make would say that there is nothing to be done.
tests: test

build mlbalance:
	@echo '$@ is a folder; `make help` lists what can be made.' >&2; exit 1

# Each in an environment of its own, and with a cache of bytecode, which many switch off.
PYTHONS ?= 3.11 3.12 3.13 3.14

test-pythons:
	@failed=; for version in $(PYTHONS); do \
		python=; for folder in $$(echo "$$PATH" | tr ':' ' '); do \
			[ -z "$$python" ] && "$$folder/python$$version" -c "$$CHECK_PYTHON" >/dev/null 2>&1 && \
				python="$$folder/python$$version"; \
		done; \
		if [ -z "$$python" ]; then echo "not run: no Python $$version with venv is on the path"; continue; fi; \
		mkdir -p build; \
		echo "Python $$version ($$python):"; \
		set -- $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON="$$python"; \
		if ! "$$@" .venv-$$version/.ready >build/python$$version.log 2>&1; then \
			echo "not run: its packages cannot be installed (build/python$$version.log)"; continue; fi; \
		env -u PYTHONDONTWRITEBYTECODE "$$@" test || failed="$$failed $$version"; \
	done; [ -z "$$failed" ] || { echo "The tests fail on Python$$failed." >&2; exit 1; }

# Five minutes at most: installing gives up by itself, and a test that hangs fails.
LIMIT := $(shell command -v timeout 2>/dev/null)

test-frameworks: .venv-frameworks/.ready
	@[ ! -e $< ] || $(THREADS) $(if $(LIMIT),$(LIMIT) 90) .venv-frameworks/bin/python -m pytest tests/frameworks $(ARGS)

# A browser is not set up here: .ci/run does so where it may.
test-page: $(VENV)/.ready
	@if $(BIN)/python -c 'import sys; from tests.browser.cdp import find; sys.exit(not find())'; then \
		$(THREADS) $(if $(LIMIT),$(LIMIT) 300) $(BIN)/python -m pytest --no-header -rs tests/browser $(ARGS); \
	else \
		echo 'not run: no Chromium or Chrome is on the path (Debian: chromium-headless-shell).'; \
	fi

# Without R the pinned results alone are compared, as in `make test`.
R_RESULTS := $(if $(IS_PIN),tests/r/pinned.json,build/r.json)

test-r: $(VENV)/.ready
	@mkdir -p build
	@if command -v Rscript >/dev/null; then \
		Rscript tests/r/agreement.R mlbalance/data/glass.csv $(R_RESULTS) && export R_RESULTS=$(R_RESULTS) || exit 1; \
	else \
		echo 'R is not on the path: compared with the results in tests/r/pinned.json alone.'; \
	fi && $(THREADS) $(BIN)/python -m pytest --no-header -rs tests/r $(ARGS)

BENCH := $(if $(IS_QUICK),build/quick build/quick/figures,tests/bench paper/generated)

bench: $(VENV)/.ready
	@for part in solver existence theory engine estimators compare; do \
		$(THREADS) $(BIN)/python tests/bench/$$part.py $(if $(IS_QUICK),--quick) || exit 1; \
	done
	@mkdir -p $(lastword $(BENCH))
	@$(BIN)/python paper/figures/cost.py $(BENCH)

fuzz: $(VENV)/.ready
	@$(THREADS) $(BIN)/python tests/fuzz/solver.py $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

search: $(VENV)/.ready
	@$(THREADS) $(BIN)/python tests/search/logistic_order.py $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

mutation: $(VENV)/.mutation
	@nice $(BIN)/python tests/mutation/run.py $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

check: $(VENV)/.ready
	@$(BIN)/ruff format --check --quiet . || { echo 'The files above need `make format`.' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(PYTEST) $(ARGS)

format: $(VENV)/.ready
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

readme: $(VENV)/.ready
	@$(BIN)/python docs/readme.py

preview: $(VENV)/.preview
	@$(BIN)/python paper/preview.py

# Without uv on the path, a private one. No address may get into the lock: it must serve any index.
lock:
	@if [ -n "$(UV)" ]; then uv="$(UV)"; else \
	  $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv && uv=build/uv/bin/uv; fi && \
	"$$uv" pip compile pyproject.toml --group dev --group lock --extra all --universal --generate-hashes \
	  --no-header --no-annotate --quiet $(ARGS) -o requirements.lock && \
	"$$uv" pip compile --group docs -c requirements.lock --python-version 3.11 --universal --generate-hashes \
	  --no-header --no-annotate --quiet $(ARGS) -o requirements-docs.lock
	@! grep -n '://' requirements*.lock || { echo 'A lock holds an address.' >&2; exit 1; }

clean:
	@rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache
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
@$(PYTHON) -c "$$CHECK_PYTHON"
endef

# Another interpreter than that of the environment, if one was named, gives a new one too.
VERSION = import sys; print(*sys.version_info[:3])
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(BIN)/python),)
ifneq ($(shell $(PYTHON) -c '$(VERSION)'),$(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null))
$(VENV)/.locked: anew
endif
endif
endif
.PHONY: anew

$(VENV)/.locked: requirements.lock
	$(FIND_PYTHON)
	@echo 'Setting up $(VENV) with $(if $(UV),uv,venv and pip) (once; a minute or two) ...'
	@rm -rf $(@D)
	@$(CREATE)
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.ready: $(VENV)/.locked pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@$(VERIFY) || { echo 'requirements.lock does not fit pyproject.toml: run `make lock`.' >&2; exit 1; }
	@touch $@

$(VENV)/.docs: $(VENV)/.ready requirements-docs.lock
	@$(INSTALL) --require-hashes -r requirements-docs.lock
	@touch $@

$(VENV)/.preview: $(VENV)/.ready
	@$(INSTALL) --no-build-isolation -e '.[preview]'
	@touch $@

$(VENV)/.mutation: $(VENV)/.ready
	@$(INSTALL) coverage
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
