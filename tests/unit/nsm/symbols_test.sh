#!/bin/bash
# Each symbol that the simulated NSM exports says what it is, so that a search of a release's symbols finds it.
set -u
count=0 failed=0
echo "[ RUN      ] every_exported_symbol_says_simulated_or_insecure"
for archive in "$@"; do
    while read -r symbol; do
        count=$((count + 1))
        case $symbol in
        *simulated* | *insecure*) ;;
        *)
            echo "exported without saying so: $symbol"
            failed=1
            ;;
        esac
    done < <(nm --extern-only --defined-only --format=posix "$archive" 2>/dev/null | awk 'NF >= 3 && $2 ~ /[A-Z]/ && $1 !~ /:$/ { print $1 }' |
        grep -vE '^(__asan|__odr_asan|__tsan|__llvm|__sancov|__start_|__stop_)')
done
if [ "$count" -lt 10 ]; then
    echo "only $count symbols found"
    failed=1
fi
[ "$failed" = 0 ] && echo "[       OK ] every_exported_symbol_says_simulated_or_insecure" ||
    echo "[  FAILED  ] every_exported_symbol_says_simulated_or_insecure"
exit "$failed"
