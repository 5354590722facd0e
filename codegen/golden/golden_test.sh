#!/usr/bin/env bash
# usage: golden_test.sh FOLDER GENERATED… FOLDER GENERATED… [--update]
# Compares generated files with those in FOLDER; with --update (update.sh) writes them into the workspace instead.
set -euo pipefail

root=.
[ "${!#}" != --update ] || root=$BUILD_WORKSPACE_DIRECTORY
update=$([ "$root" = . ] || echo 1)
failed=0
folder=
declare -A seen

# report WHAT STATUS: the last line of a test case.
report() {
    if [ "$2" -eq 0 ]; then
        echo "[       OK ] $1"
    else
        echo "codegen/golden/update.sh writes what is generated now"
        echo "[  FAILED  ] $1"
        failed=1
    fi
}

for file; do
    [ "$file" != --update ] || continue
    if [[ $file != *_gen/* ]]; then
        folder=$file
        continue
    fi
    golden=$folder/${file#*_gen/}
    seen[$root/$golden]=1
    if [ "$update" ]; then
        mkdir -p "$(dirname "$root/$golden")"
        cp -L "$file" "$root/$golden"
        chmod 644 "$root/$golden"
    else
        echo "[ RUN      ] $golden"
        status=0
        diff -u "$golden" "$file" || status=$?
        report "$golden" $status
    fi
done

echo "[ RUN      ] nothing else is there"
status=0
while IFS= read -r golden; do
    [ -z "${seen[$golden]:-}" ] || continue
    echo "$golden is not generated"
    if [ "$update" ]; then rm "$golden"; else status=1; fi
done < <(find -L "$root/codegen/golden" -mindepth 2 -type f)
report "nothing else is there" $status
exit $failed
