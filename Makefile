# Everything that people and CI do here. Each target installs what it lacks, or says in one line
# what is missing and how to get it. Downloads and tools are kept in .cache, which git ignores.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TOOLS := $(CURDIR)/.cache/tools

# What `make clients` runs. CI takes `dev`: `make test` has built it already, and it checks overflows.
PROFILE ?= release
BINARY = $${CARGO_TARGET_DIR:-target}/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/lakekeeper

CARGO_DENY := 0.20.2

# CI must build what was reviewed: the lock file as it stands.
LOCKED := $(if $(CI),--locked)

.PHONY: help
help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: run
run: rust ## Build and start a catalog on SQLite and local files, with a warehouse `demo`
	@cargo run $(LOCKED) --release --package lakekeeper -- dev

.PHONY: test
test: rust python ## Run every test of the workspace, beside a PostgreSQL, a MinIO, an Azurite, a moto and an emulator of Google Cloud Storage of its own
	@status=0; \
	tests/with-services cargo test $(LOCKED) --workspace --no-fail-fast || status=$$?; \
	tests/differential/run pyiceberg || status=$$?; \
	tests/differential/run java || status=$$?; \
	exit $$status

# The short form of these runs is in `make test`.
.PHONY: kills
kills: rust ## Kill replicas 200 times on each database, and a primary, while clients work, and check what was promised
	@cargo build $(LOCKED) --package lakekeeper --package histories
	@tests/with-services sh -ec '\
	  cargo run $(LOCKED) --quiet --package histories -- --kills 200; \
	  cargo run $(LOCKED) --quiet --package histories -- --kills 200 --store postgres --replicas 3; \
	  cargo run $(LOCKED) --quiet --package histories -- --kills 20 --store postgres --replicas 3 --failover'

.PHONY: bench
bench: rust ## Measure the catalog as shares of what this machine can do; BENCH=--s3, --sqlite, --help
	@cargo build $(LOCKED) --release --package lakekeeper --package bench
	@$(if $(findstring --s3,$(BENCH)),tests/with-services) cargo run $(LOCKED) --release --package bench -- $(BENCH)

.PHONY: bench-parts
bench-parts: rust python ## Measure metadata, stores and file I/O each by itself
	@tests/with-services cargo bench $(LOCKED) --workspace --exclude bench

.PHONY: clients
clients: binary python ## Run real clients that install in minutes against the binary
	@LAKEKEEPER_BIN=$(BINARY) tests/clients/run

.PHONY: clients-full
clients-full: binary python ## Run every real client
	@LAKEKEEPER_BIN=$(BINARY) tests/clients/run all

.PHONY: binary
binary: rust
	@cargo build $(LOCKED) --profile $(PROFILE) --package lakekeeper

.PHONY: check
check: fmt clippy tidy deny ## Check style, lints, the ratchet and dependencies

.PHONY: fmt
fmt: rust
	@cargo fmt --all --check
	@cd fuzz && cargo fmt --check

.PHONY: clippy
clippy: rust
	@cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings

.PHONY: tidy
tidy: rust
	@cargo xtask tidy

# The advisory database is not on every network: what cannot be fetched is said, not failed.
.PHONY: deny
deny: rust $(TOOLS)/cargo-deny-$(CARGO_DENY)
	@PATH="$(TOOLS)/cargo-deny-$(CARGO_DENY)/bin:$$PATH"; \
	cargo deny $(LOCKED) check --hide-inclusion-graph \
	    --deny unmatched-skip --deny unnecessary-skip bans licenses sources && \
	{ said=$$(cargo deny $(LOCKED) check advisories 2>&1); status=$$?; \
	  case "$$said" in \
	    *"failed to fetch advisory database"*) \
	      echo "advisories not checked: the advisory database cannot be reached from here" ;; \
	    *) printf '%s\n' "$$said"; exit $$status ;; \
	  esac; }

# Unoptimised: built in a third of the time, and it runs for two seconds.
$(TOOLS)/cargo-deny-$(CARGO_DENY):
	@echo "building cargo-deny $(CARGO_DENY) into $(TOOLS)" >&2
	@CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked --root $@.part \
	    --target-dir $(TOOLS)/target cargo-deny@$(CARGO_DENY)
	@rm -rf $(TOOLS)/target && mv $@.part $@

.PHONY: rust
rust:
	@command -v cargo >/dev/null || { \
	  echo "missing: cargo - install Rust 1.95 or newer with rustup (https://rustup.rs)" >&2; exit 1; }
	@command -v cc >/dev/null || { \
	  echo "missing: cc - install a C compiler (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

.PHONY: python
python:
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "missing: python3 with venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
