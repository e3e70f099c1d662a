# Two commands: `make run` and `make test`. The rest is for those who work on it.

# Checked queries are compiled from the committed .sqlx, so that no database is needed to build.
export SQLX_OFFLINE ?= true
CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# Options for `zaraba dev`, such as DEV='--profile crypto --port-base 9000'.
DEV ?=
ROUNDS ?= 100
BOOKS ?= 10000000

.DEFAULT_GOAL := help
.PHONY: help run build test bench crash auction screenshots need-run need-test

help: ## What can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

need-run:
	@scripts/need run

need-test:
	@scripts/need test

build: need-run ## Build the release binaries
	$(CARGO) build --release --locked --bins

run: build ## Start the whole platform here, with a simulated market (Ctrl-C stops it)
	exec $(TARGET_DIR)/release/zaraba dev --demo sim $(DEV)

test: need-test ## Install what the tests need and run them all
	@CARGO='$(CARGO)' scripts/test

bench: need-run ## Measure; docs/BENCHMARKS.md says what and how
	$(CARGO) bench --workspace --locked --features zaraba-engine/oracle

crash: need-test ## Kill the server ROUNDS times (100) under load and check what survived
	ZARABA_CRASH_ROUNDS=$(ROUNDS) $(CARGO) test --locked -p zaraba --test it -- --nocapture crash

auction: need-run ## Compare auction prices and allocations with a slow search, on BOOKS random books (10 million)
	ZARABA_AUCTION_BOOKS=$(BOOKS) $(CARGO) test --locked -p zaraba-engine --lib auction:: -- --nocapture

screenshots: need-test ## Take the pictures of docs/images from a running platform
	$(CARGO) test --locked -p zaraba-console --test it -- --ignored pictures
