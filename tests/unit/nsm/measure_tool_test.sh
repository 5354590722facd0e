#!/bin/bash
# grille_measure's output, byte for byte: the measurements of a file that holds the word "program".
set -u
tool=$1 folder=$(mktemp -d) failed=0
trap 'rm -rf "$folder"' EXIT
printf program >"$folder/enclave"
check() { # NAME CONDITION...
    echo "[ RUN      ] $1"
    if "${@:2}"; then echo "[       OK ] $1"; else
        echo "[  FAILED  ] $1"
        failed=1
    fi
}
pcr0=06180fbed2480874eccfb1cf69cb275f0346fef0b2bbe6ff38620e1613e57093f0a6ffa44731530ce8bb9d1abdfd92e7
pcr2=21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a
cat >"$folder/expected" <<JSON
{
  "Measurements": {
    "HashAlgorithm": "Sha384 { ... }",
    "PCR0": "$pcr0",
    "PCR1": "$pcr0",
    "PCR2": "$pcr2"
  }
}
JSON
"$tool" "$folder/enclave" >"$folder/measurements.json"
check prints_the_form_of_nitro_cli cmp "$folder/expected" "$folder/measurements.json"
no_file() { ! "$tool" "$folder/none" >"$folder/out" 2>"$folder/err" && [ ! -s "$folder/out" ] && grep -q none "$folder/err"; }
check says_which_file_is_missing no_file
misused() { "$tool" >"$folder/out" 2>"$folder/err"; [ $? = 2 ] && [ ! -s "$folder/out" ] && grep -q usage "$folder/err"; }
check explains_its_use misused
full() { ! "$tool" "$folder/enclave" >/dev/full 2>/dev/null; }
check fails_when_its_output_is_lost full
exit "$failed"
