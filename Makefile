# One command runs what the gate runs. `make` alone lists them.

CARGO ?= cargo
NODE_AT_LEAST := 20
FUZZ_SECONDS ?= 300
SOAK_SECONDS ?= 600
SOAK_CLIENTS ?= 3000
FUZZ_HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
FUZZ_TARGETS := $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
# Coverage for libFuzzer from the stable compiler, without cargo-fuzz.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Ccodegen-units=1

# A profile that equals release, and the library without I/O: what is counted is all in there.
COUNTS := $(CARGO) bench --quiet --no-default-features
COUNTS_FILE := benches/counts/instructions.toml

.PHONY: help run check check-peers counts test test-rust test-protocol bench-peers soak faults fuzz clean-fuzz $(addprefix fuzz-,$(FUZZ_TARGETS))

help:
	@echo "make run     start the server on http://localhost:3000"
	@echo "make check   format, lints, docs, the library without I/O, licences, the bench beside the peers, counts"
	@echo "make counts  count the instructions of single steps, and compare (UPDATE=1 writes them)"
	@echo "make test    everything that can be tested here; installs what it needs"
	@echo "make faults  seed twenty faults into a copy of the server, and see that the transcripts notice them"
	@echo "make fuzz    each fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS))"
	@echo "make soak    a mixed life of many clients, every message accounted for (SOAK_SECONDS=, SOAK_CLIENTS=)"
	@echo "make bench-peers  Trunkline beside its peers; FULL=1, MODES=, SERVERS="

run:
	$(CARGO) run --release

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features
	$(CARGO) clippy --lib --no-default-features -- -D warnings
	$(CARGO) clippy --lib --no-default-features --features server -- -D warnings
	$(CARGO) clippy --lib --no-default-features --features assistant -- -D warnings
	$(CARGO) test --quiet --all-features --test tidy --test licences -- --show-output
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans sources; fi
	$(MAKE) --no-print-directory check-peers
	$(MAKE) --no-print-directory counts

# The bench beside the peers is a workspace of its own, with its own target directory. Nothing is measured here.
check-peers: export CARGO_TARGET_DIR := $(CURDIR)/benches/peers/target
check-peers:
	cd benches/peers && $(CARGO) fmt --all --check
	cd benches/peers && $(CARGO) clippy --workspace --all-targets -- -D warnings
	cd benches/peers && $(CARGO) test --workspace --quiet

# Allocations and instructions of single steps; UPDATE=1 writes the file of the latter. Without valgrind they are not
# counted: said aloud, and where CI is set, or the file was to be written, a failure.
counts:
	$(COUNTS) --bench allocations
	@if .ci/valgrind; then \
		$(COUNTS) --bench counts -- $(if $(UPDATE),--update,--compare) $(CURDIR)/$(COUNTS_FILE); \
	elif [ "$${CI:-false}" != false ] || [ -n "$(UPDATE)" ]; then \
		echo "FAILED: instructions were not counted"; exit 1; \
	else \
		echo "SKIPPED: instructions were not counted (what is missing stands above)"; \
	fi

test: test-rust test-protocol

test-rust:
	$(CARGO) test --workspace --all-targets --all-features
	$(CARGO) test --doc --all-features

# A skip is said aloud; where CI is set it is a failure, but for Autobahn's suite, whose Python few machines have.
test-protocol:
	$(CARGO) build --release --bins --examples --features typescript
	@if .ci/node $(NODE_AT_LEAST); then \
		.ci/chromium || [ "$${CI:-false}" = false ] || { echo "FAILED: the page was not tested"; exit 1; }; \
		.ci/python || [ "$${CI:-false}" = false ] || { echo "FAILED: the Python client was not tested"; exit 1; }; \
		if .ci/openssl; then $(CARGO) build --locked --manifest-path protocol-tests/rust-client/Cargo.toml || exit 1; \
		elif [ "$${CI:-false}" != false ]; then echo "FAILED: the Rust client was not tested"; exit 1; \
		else echo "SKIPPED: the Rust client (what is missing stands above)"; fi; \
		set -e; cd protocol-tests; npm ci --no-progress; TARGET=trunkline npm test; \
	elif [ "$${CI:-false}" != false ]; then \
		echo "FAILED: protocol-tests did not run"; exit 1; \
	else \
		echo "SKIPPED: protocol-tests (what is missing stands above)"; \
	fi
	protocol-tests/autobahn/run

soak:
	cd benches/peers && $(CARGO) build --release -p trunkline-soak -p trunkline-peer-servers --bin soak --bin trunkline-server
	benches/peers/target/release/soak --seconds $(SOAK_SECONDS) --clients $(SOAK_CLIENTS)

# Writes benches/RESULTS.md. Without Node the peers that need it are left out, and it says so.
bench-peers:
	cd benches/peers && $(CARGO) build --release --workspace
	$(CARGO) build --release --bin trunkline
	@if .ci/node $(NODE_AT_LEAST); then cd benches/peers/node && npm ci --no-progress --no-audit --no-fund; fi
	cd benches/peers && target/release/load run $(if $(FULL),--full) $(if $(MODES),--modes $(MODES)) \
		$(if $(SERVERS),--servers $(SERVERS))

# Twenty faults, one at a time, in a copy of the server: the transcripts must notice each of them. Takes minutes.
faults:
	@if .ci/node $(NODE_AT_LEAST); then cd protocol-tests && npm ci --no-progress && node faults.mjs; else exit 1; fi

fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))
	@if [ -z "$(FUZZ_TARGETS)" ]; then echo "there is no fuzz target"; exit 1; fi

# New inputs go to .cache, so that the kept ones in fuzz/corpus stay few; a crash is left in fuzz/artifacts.
$(addprefix fuzz-,$(FUZZ_TARGETS)): fuzz-%:
	RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build --release --target $(FUZZ_HOST) --manifest-path fuzz/Cargo.toml --bin $*
	mkdir -p .cache/fuzz/$* fuzz/corpus/$* fuzz/artifacts/$*
	fuzz/target/$(FUZZ_HOST)/release/$* -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-artifact_prefix=fuzz/artifacts/$*/ .cache/fuzz/$* fuzz/corpus/$*
