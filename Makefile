# Two commands do all set-up on a fresh machine: "make demo" and "make test". They need Python 3.11 to 3.14, make, and
# the package registries; as root on Debian or Ubuntu they install what else is missing.

SHELL := /bin/sh
# else each of a thousand processes would compile anew what the one before it has compiled
unexport PYTHONDONTWRITEBYTECODE
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
BIN := $(VENV)/bin
ROOT := $(shell [ "$$(id -u)" = 0 ] && echo yes)
APT := $(shell command -v apt-get)
ROOTLESS_USER ?= $(if $(ROOT),$(SUDO_USER),$(shell id -un))
PYTEST_ARGS ?=
# files of tests at a time: hosts, and limits of time, are waited for more than anything works (JOBS=0: one test after the other)
JOBS ?= 4
PYTEST = $(BIN)/python -m pytest $(if $(filter-out 0,$(JOBS)),-n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=20) $(PYTEST_ARGS)

.PHONY: help demo test test-latest test-oldest lint lock types unit real-hosts test-vm matrix soak fuzz up check verify bench docs clean

help: ## Show what can be done
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r t h; do printf '  make %-12s %s\n' "$$t" "$$h"; done

# what a checkout runs with is in the lock files and not decided by the day; "make lock" brings them up to date
INSTALL = -m pip install -q --disable-pip-version-check

$(VENV)/.base: pyproject.toml requirements/run.txt
	@[ -n "$(PYTHON)" ] || { echo 'make: Python 3.11, 3.12, 3.13 or 3.14 is needed (Debian: apt-get install python3)' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ -n "$(ROOT)" ] && [ -n "$(APT)" ] && \
		apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv >/dev/null; } || \
		{ echo 'make: the venv module is missing (Debian: apt-get install python3-venv)' >&2; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) --require-hashes -r requirements/run.txt
	$(BIN)/python $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.base requirements/test.txt
	$(BIN)/python $(INSTALL) --require-hashes -r requirements/test.txt
	@touch $@

.PHONY: lab
lab: $(VENV)/.base
ifeq ($(ROOT),yes)
	@$(BIN)/python -m tests.lab install
endif

demo: lab ## Provision and verify a throwaway Debian 13 host (root), or preview this machine (KEEP=1 keeps the host)
	@$(BIN)/python -m tests.lab.demo $(if $(filter-out 0,$(KEEP)),--keep)

test: $(VENV)/.test lab ## Run every test, and what make lint does; real hosts included when root
ifneq ($(ROOT),yes)
	@echo '*** NOT ROOT: the tests on real hosts are skipped. Run "sudo make test" for all of them. ***' >&2
endif
	@$(MAKE) --no-print-directory lint & lint=$$!; $(PYTEST); tests=$$?; \
		wait $$lint || { echo 'make: make lint fails; its words are above the tests' >&2; exit 1; }; exit $$tests

lint: $(VENV)/.test ## ruff, mypy --strict, shellcheck
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy
	$(BIN)/shellcheck -s sh src/podstead/visit/scripts/*.sh src/podstead/visit/scripts/*/*.sh .ci/run
	@for f in src/podstead/visit/scripts/inner/*.pl; do perl -wc "$$f" 2>&1 | grep -v "syntax OK" && exit 1; done; :

# these wait for nothing, and each process has to collect them
unit test-latest test-oldest: JOBS := $(if $(filter file,$(origin JOBS)),2,$(JOBS))

unit: $(VENV)/.test ## Only the tests without hosts, processes and Ansible (seconds)
	HYPOTHESIS_PROFILE=quick $(PYTEST) -m 'not process' tests/unit tests/property

LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
	--custom-compile-command 'make lock' pyproject.toml --group build
lock: $(VENV)/.test ## Bring the lock files in requirements/ up to date, within the bounds of pyproject.toml
	$(LOCK) -o requirements/run.txt
	$(LOCK) --extra test -o requirements/test.txt

# The bounds in pyproject.toml are tried at both ends, each in an environment of its own
BOUNDS = .cache
test-latest: RESOLVE = --resolution highest
test-oldest: RESOLVE = --resolution lowest-direct
test-latest test-oldest: $(VENV)/.test ## Pure tests with the newest, or the oldest, dependencies that pyproject.toml allows
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(BOUNDS)/$@
	$(BIN)/uv pip compile -q $(RESOLVE) pyproject.toml -o $(BOUNDS)/$@.txt
	$(BIN)/uv pip install -q --python $(BOUNDS)/$@ -r $(BOUNDS)/$@.txt -e '.[test]'
	$(BOUNDS)/$@/bin/python -m pytest $(if $(filter-out 0,$(JOBS)),-n $(JOBS)) $(PYTEST_ARGS) tests/unit tests/property tests/cli tests/ansible tests/shell

real-hosts: $(VENV)/.test lab ## Only the tests on real hosts (root)
	$(PYTEST) tests/lab tests/real_hosts

test-vm: $(VENV)/.test lab ## Reboot and damage on a whole VM in QEMU, no KVM needed (root; about ten minutes)
ifeq ($(ROOT),yes)
	@$(BIN)/python -m tests.vm
endif
	$(BIN)/python -m pytest tests/vm $(PYTEST_ARGS)

FULL = damage test_roles.py test_ansible_side_by_side.py test_local_inside.py
matrix: $(VENV)/.test lab ## Break hosts in every known way, on every release, and write what podstead made of it to docs/reference (root)
	PODSTEAD_WRITE_MATRIX=1 $(BIN)/python -m pytest $(addprefix tests/real_hosts/,$(FULL)) $(PYTEST_ARGS)

soak: $(VENV)/.test lab ## Ten minutes of several programs at the same files, ten thousand damaged files (root)
	@$(BIN)/python -m tests.soak
	PODSTEAD_SOAK=1 $(BIN)/python -m pytest tests/real_hosts/test_sigkill.py $(PYTEST_ARGS)

SECONDS ?= 60
fuzz: $(VENV)/.test ## Look for output of a host that podstead cannot handle (SECONDS=60)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

.PHONY: for-whom
for-whom:
	@[ -n "$(ROOTLESS_USER)" ] && [ "$(ROOTLESS_USER)" != root ] || \
		{ echo 'make: for which user? Say: make up ROOTLESS_USER=name' >&2; exit 2; }

# an ordinary user who needs a password for sudo is asked for it
ASK = $(if $(ROOT),,$(shell sudo -n true 2>/dev/null || echo -K))

up: $(VENV)/.base for-whom ## Make this machine ready for rootless Podman, for good, and prove it (ROOTLESS_USER=name)
	@applied=0; $(BIN)/podstead apply @local $(ASK) --for '$(ROOTLESS_USER)' || applied=$$?; \
		$(BIN)/podstead verify @local $(ASK) --for '$(ROOTLESS_USER)' && exit $$applied

check: $(VENV)/.base for-whom ## What "make up" would change
	@$(BIN)/podstead check @local --diff --for '$(ROOTLESS_USER)' || [ $$? = 3 ]

verify: $(VENV)/.base for-whom ## Prove that rootless Podman works on this machine
	$(BIN)/podstead verify @local $(ASK) --for '$(ROOTLESS_USER)'

bench: $(VENV)/.test lab ## Measure podstead beside OpenSSH (ratios; minutes)
	$(BIN)/python -m benchmarks

docs: $(VENV)/.base ## Write the generated reference again
	$(BIN)/python -m docs.generate

clean: ## Remove what make made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
