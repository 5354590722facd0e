#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# probe_test.sh PROGRAM…: each linked program carries the probes of docs/observability.md, with as many arguments as
# the page says, and no other; without semaphores, so that a probe that is off is one nop.
. tests/support/cases.sh

page=docs/observability.md

# probes PROGRAM: "name arguments", one a line, each once.
probes() {
    readelf -nW "$1" | awk '/Provider: /{provider=$NF} $1 == "Name:"{name=$2} $1 == "Arguments:"{if (provider == "grille") print name, NF - 1}' | sort -u
}

# documented: the same from the page's table: | `name` | argument, argument | … |
documented() {
    awk -F'|' '/^\| `[a-z_]+` \| /{gsub(/[` ]/, "", $2); print $2, split($3, parts, ",")}' "$page" | grep -E '^(call|frame|verdict)' | sort -u
}

page_has_all() { [ "$(documented | wc -l)" -eq 5 ] || complain "the page lists: $(documented)"; }
are_as_documented() { expect_same "probes of $1" "$(probes "$1")" "$(documented)"; }
have_no_semaphore() {
    readelf -nW "$1" | grep -A1 'Provider: grille' >/dev/null || return 1
    readelf -nW "$1" | grep -o 'Semaphore: 0x[0-9a-f]*' | sort -u >"$scratch/out"
    expect_same "semaphores of $1" "$(cat "$scratch/out")" "Semaphore: 0x0000000000000000"
}
takes_no_memory() { ! readelf -SW "$1" | grep -q ' \.probes ' || complain "$1 has a section .probes"; }

check "the page lists the probes" page_has_all
for program in "$@"; do
    check "probes of ${program##*/} are as documented" are_as_documented "$program"
    check "probes of ${program##*/} have no semaphore" have_no_semaphore "$program"
    check "probes of ${program##*/} keep no state" takes_no_memory "$program"
done
finish
