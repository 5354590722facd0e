#!/usr/bin/env bash
# release_test.sh PROGRAM: PROGRAM comes from release_files, so it is optimised, select()s release and is hardened.
set -uo pipefail

program=$1
failures=0

# check CASE COMMAND…
check() {
    local name=$1
    shift
    echo "[ RUN      ] $name"
    if "$@"; then
        echo "[       OK ] $name"
    else
        echo "[  FAILED  ] $name"
        failures=$((failures + 1))
    fi
}

says_release() { [ "$("$program")" = "release=1 ndebug=1" ]; }
is_position_independent() { readelf -hW "$program" | grep -q 'Type:.*DYN'; }
binds_now() { readelf -dW "$program" | grep -qE 'BIND_NOW|Flags:.*NOW'; }
has_relro() { readelf -lW "$program" | grep -q GNU_RELRO; }
has_no_executable_stack() { readelf -lW "$program" | grep GNU_STACK | grep -qv RWE; }
is_fortified() { nm -D "$program" | grep -q '__[a-z]*_chk'; }
overflow_is_caught() { ! "$program" "$(printf 'x%.0s' {1..200})" 2>/dev/null; }

check "release is selected" says_release
check "position independent" is_position_independent
check "symbols bound at start" binds_now
check "relocations read-only" has_relro
check "stack not executable" has_no_executable_stack
check "fortified" is_fortified
check "an overflow ends the program" overflow_is_caught

exit "$((failures != 0))"
