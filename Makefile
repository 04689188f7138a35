# `make demo` and `make test` are the two commands of the README; both start from nothing but Python >= 3.11 with venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
TOOLS := aapt android-framework-res apksigner appstream bubblewrap chromium desktop-file-utils dexdump docker.io faketime flatpak flatpak-builder \
	git icoutils iproute2 libc6-arm64-cross libegl1 libgl1 libgtk-3-0 libsecret-1-0 nix-bin openssl p7zip-full podman qemu-user-static strace \
	runc uidmap unzip weston wine wine64 x11-utils xdotool xvfb zipalign
# A module stays with one worker, for what its tests share is made once; the long ones come first, as their folder does.
SIDE_BY_SIDE := -n 2 --dist loadscope --no-loadscope-reorder

.PHONY: install demo test check unit real reliability bench docs lock-dependencies clean

install: .venv/installed  ## the command in .venv/bin/builder

.venv/installed: requirements.lock.txt pyproject.toml
	@.ci/python "$(PYTHON)"
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/developing: .venv/installed requirements-dev.lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock.txt
	@touch $@

demo: install  ## lock -> web app, signed APK and Linux app, in a sandbox without network
	@.ci/needs required bubblewrap
	$(BIN)/builder fetch fixtures/counter --target web --target apk
	$(BIN)/builder build web fixtures/counter --frozen --offline
	$(BIN)/builder build apk fixtures/counter --frozen --offline --debug
	$(BIN)/builder fetch fixtures/counter-desktop --target linux-x86_64
	$(BIN)/builder build linux-x86_64 fixtures/counter-desktop --frozen --offline

test: check  ## everything: style, types, imports, unit, snapshot and real tests
	@.ci/needs wanted $(TOOLS)
	$(BIN)/pytest $(SIDE_BY_SIDE)

check: .venv/developing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate --quiet builder

unit: .venv/developing  ## unit and snapshot tests alone
	$(BIN)/pytest -n 2 tests/unit tests/snapshot

real: .venv/developing
	$(BIN)/pytest tests/real

reliability: .venv/developing  ## all faults, hostile inputs, variations and escapes, and the figures; `make test` has a part of them
	@.ci/needs wanted $(TOOLS)
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "reliability or thorough" --thorough

bench: .venv/developing  ## speed and memory, ratios in one run
	@.ci/needs wanted bubblewrap busybox-static flatpak-builder git libegl1 libgl1 libgtk-3-0 libsecret-1-0 xdotool xvfb
	$(BIN)/python tests/bench/bench.py

docs: .venv/developing  ## the pages that are made from builder's own tables
	$(BIN)/python -m builder.fletkeys > docs/reference/flet-keys.md

lock-dependencies: .venv/developing  ## pin builder's own dependencies anew
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --group build -o requirements.lock.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --group build --group dev -c requirements.lock.txt -o requirements-dev.lock.txt

clean:
	rm -rf .venv build dist
