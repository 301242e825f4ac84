#!/bin/sh
# Builds a fuzz target on the stable toolchain and runs it: fuzz/run.sh TARGET SECONDS
set -eu
cd "$(dirname "$0")/.."
exec make "fuzz-$1" FUZZ_SECONDS="${2:-60}"
