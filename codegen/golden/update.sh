#!/usr/bin/env bash
# Writes the golden files anew from what is generated now.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bazel run //codegen/golden:golden_test -- --update
git status --short codegen/golden
