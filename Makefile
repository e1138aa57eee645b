# One way to set up, to check, to test and to run. All of it lives in .venv and node_modules; `make clean` undoes it.
#
#   make lab      set up what is missing and open the course in JupyterLab
#   make test     every test: Python, real browser, front end, and the class service on a real JupyterHub
#   make check    format, lint, types, import layers, generated files
#   make labs     prove every lab: starters fail, solutions pass, each mistake gets its text
#   make bench    the budgets, measured: docs/performance.md
#   make texts    bring the catalogues up to date with the texts that are to be translated
#   make course   write docs/course.md: what serves each sentence and objective of the course
#   make flakes   run every solution and wrong answer 20 times on a busy machine: docs/flakes.md
#   make corpus   record anew what the core's tests look at: every primitive and hang, by start method and Python
#   make dist     wheel and sdist in dist/;  make dist-check  installs both in clean environments and uses them
#
# PYTHON=…  the interpreter for .venv (default: the newest from 3.10 on)
# WORK=…    the folder `make lab` opens (default: work)
# T=…       what `make test-python`, `make test-browser` and `make test-hub` run instead of everything
# HUB=…     another JupyterHub for `make test-hub`, as 5.2; it gets an environment of its own
# JOBS=…    how many of the tests of `make test-python` run at once
# BROWSERS=…  how many of `make test-browser` do, each with a server and a browser: two, or one for each two cores
# HUBS=…    how many Hubs `make test-hub` has at once
# K=…       the subjects that `make corpus` records instead of all
# L=…       the labs that `make flakes` runs instead of all

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A kernel, a server or a pytest started from here must not see another project's Jupyter or Python settings.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# Node trusts its own list of authorities only; where the machine has more, as behind a company's proxy, take them too.
SYSTEM_AUTHORITIES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(SYSTEM_AUTHORITIES),)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_AUTHORITIES)
endif

PYTHON ?=
WORK ?= work
# Tests at once: most of them wait for kernels. The proof of the labs runs kernels side by side itself.
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
HUBS ?= 2
# A page of JupyterLab keeps more than one core busy while it loads, and waits for kernels afterwards.
BROWSERS ?= $(shell n=$$(nproc 2>/dev/null || echo 1); echo $$(( n > 4 ? n / 2 : n > 1 ? 2 : 1 )))
STAMPS := .venv/.stamps
ARTEFACTS := artefacts
# Two makes at once must not build into the same folder.
alone := $(if $(shell command -v flock),flock .venv/.lock)
# A missing folder, as in an early clone, is no error.
sources = $(shell find $(wildcard $(1)) -type f -not -name parallab.json -not -name '*.spec.ts*' -not -path '*/__tests__/*' -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: help setup lab test test-python test-browser test-hub test-front check format labs texts course flakes bench corpus dist dist-check clean
help:
	@sed -n 's/^#   //p' Makefile

setup: $(STAMPS)/python $(STAMPS)/front

$(STAMPS)/venv:
	@echo "Making .venv …"
	@scripts/make_venv.sh .venv $(PYTHON)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: $(STAMPS)/venv pyproject.toml hatch_build.py install.json $(call sources,jupyter-config)
	@echo "Installing Parallab and its tools into .venv …"
	@$(alone) scripts/quietly.sh .venv/bin/python -m pip install --quiet --editable '.[test,dev,bench,hub]'
	@touch $@

$(STAMPS)/node: package.json yarn.lock .yarnrc.yml | $(STAMPS)/python
	@scripts/ensure_node.sh
	@echo "Installing the front end's packages into node_modules …"
	@$(alone) scripts/quietly.sh jlpm install --immutable
	@touch $@

$(STAMPS)/front: $(STAMPS)/node $(call sources,extension/src extension/schema extension/style server/parallab/locale) \
		extension/tsconfig.json scripts/po_to_json.py scripts/class_page.mjs
	@echo "Building the front end …"
	@$(alone) scripts/quietly.sh jlpm build
	@python scripts/po_to_json.py
	@scripts/link_labextension.sh
	@touch $@

lab: setup
	@mkdir -p $(WORK)
	@exec parallab lab $(WORK)

# All of them run even if one fails, so that one call tells everything.
test: setup
	@failed=; \
	for part in test-python test-browser test-hub test-front; do $(MAKE) $$part || failed="$$failed $$part"; done; \
	if [ -n "$$failed" ]; then echo "make test: failed:$$failed" >&2; exit 1; fi

test-python: setup
	@scripts/find_sandbox.sh >/dev/null
	@failed=; \
	$(if $(T),,scripts/pytest_parts.sh -n $(JOBS) --dist worksteal tests/core tests/proc tests/server tests/grade || failed=1;) \
	scripts/pytest_parts.sh -n $(JOBS) --dist worksteal $(or $(T),tests/labs) || failed=1; \
	[ -z "$$failed" ]

# Processes of their own: Playwright's synchronous API and Jupyter's event loop do not share one. Each has a JupyterLab
# and a browser.
test-browser: setup
	@mkdir -p $(ARTEFACTS)
	@PARALLAB_ARTEFACTS="$(CURDIR)/$(ARTEFACTS)" scripts/with_browser.sh \
		scripts/pytest_parts.sh -n $(BROWSERS) --dist loadfile $(or $(T),tests/e2e)

# Real users, a real Hub and PostgreSQL: what the machine lacks is skipped, with the reason. Two Hubs at once, since most of
# the time somebody's server starts. What needs neither Hub nor browser runs apart: Playwright would keep the event loop.
test-hub: setup
	@mkdir -p $(ARTEFACTS)
	@$(if $(HUB),export PARALLAB_HUB_PYTHON="$$(scripts/hub_venv.sh $(HUB))";) \
	export PARALLAB_ARTEFACTS="$(CURDIR)/$(ARTEFACTS)/hub"; failed=; \
	$(if $(T),,scripts/pytest_parts.sh -n $(JOBS) --dist worksteal -m "not hub" tests/hub || failed=1;) \
	scripts/with_browser.sh scripts/pytest_parts.sh $(or $(T),-n $(HUBS) --dist loadgroup -m hub tests/hub) || failed=1; \
	[ -z "$$failed" ]

test-front: setup
	@jlpm test

check: setup
	@scripts/check.sh

format: setup
	@ruff format --quiet . && ruff check --quiet --fix . ; jlpm lint

labs: setup
	@parallab author check

course: setup
	@python scripts/course_page.py

# Goes on where it was stopped. Takes hours: 20 runs of each case, spread over Pythons and start methods, eight side by side.
flakes: setup
	@python scripts/flakes.py $(L)

# T=… here names parts: front picture click snapshot diagnosis probe server grading batch mixed class.
bench: setup
	@python tests/bench $(T)

# Linux with unshare(1). Takes every Python of pyenv's, 3.10 and later, or .venv's own.
corpus: setup
	@python tests/corpus/record.py $(addprefix -k ,$(K))
	@$(if $(K),true,python tests/corpus/record_labs.py)

texts: setup
	@python scripts/catalogues.py
	@python scripts/po_to_json.py

dist: setup
	@rm -rf dist
	@scripts/quietly.sh python -m build --outdir dist .
	@ls -1 dist
	@rm -f $(STAMPS)/front

dist-check: dist
	@scripts/check_dist.sh dist

clean:
	rm -rf .venv .venv-hub-* node_modules .yarn dist $(ARTEFACTS) extension/lib server/parallab/labextension \
		server/parallab/hub/static/replay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find server tests labs -name __pycache__ -type d -prune -exec rm -rf {} +
