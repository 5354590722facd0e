# Sourced by `run`: the phases of `./run test`. Each phase runs whatever the one before gave; cases are counted from what
# Bazel itself reports (build events), so cached passes count and logs of earlier runs don't.

passed=0
failed=0

# Sets test_data_flags. Facts of others that tests read in place: an absolute folder, and the hash of its contents, so
# that a cached pass never hides new data. Tests pass without it.
find_test_data() {
    local folder=${GRILLE_TESTDATA:-$root/../shared/testdata} hash
    test_data_flags=()
    if [ -n "${GRILLE_TESTDATA:-}" ] && ! [ -d "$GRILLE_TESTDATA" ]; then
        die "GRILLE_TESTDATA is not a folder: $GRILLE_TESTDATA"
    fi
    [ -d "$folder" ] || return 0
    folder=$(realpath "$folder")
    hash=$(cd "$folder" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
    test_data_flags=("--test_env=GRILLE_TESTDATA=$folder" "--test_env=GRILLE_TESTDATA_HASH=$hash")
}

# Sets build_flags. Each action's sandbox is a folder of links to all that it may read, up to a thousand of them: in memory,
# where there is room, making and removing them costs next to nothing, on a disk more than compiling does.
find_memory() {
    local free
    build_flags=()
    [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ] || return 0
    free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
    [ "$free" -lt 1000000 ] || build_flags=(--sandbox_base=/dev/shm)
}

# add_cases NAME PASSED FAILED SECONDS
add_cases() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    note "$(printf '%-10s %5d passed, %d failed  (%d s)' "$1" "$2" "$3" "$4")"
}

# bazel_phase NAME BAZEL_TEST_ARGUMENT…: in the workspace of the current folder.
bazel_phase() {
    local name=$1 status=0 counts start=$SECONDS
    shift
    note "phase $name"
    local events=$scratch/$name.json
    bazel test --keep_going --build_event_json_file="$events" "${build_flags[@]}" "${test_data_flags[@]}" "$@" || status=$?
    counts=$(/usr/bin/python3 "$root/bazel/scripts/count_cases.py" "$status" "$events") || counts="0 1"
    # shellcheck disable=SC2086 # two numbers
    add_cases "$name" $counts $((SECONDS - start))
}

# consumer_phase [--full]: the workspace in tests/consumer, which has Grille as a local_repository; its Bazel server ends
# with the phase.
consumer_phase() {
    local long=()
    [ "${1:-}" != --full ] || long=(//:call_static_test)
    cd "$root/tests/consumer"
    bazel_phase consumer //... "${long[@]}"
    bazel shutdown
    cd "$root"
}

# Tests where threads meet: those of loop/ and rpc/, and others that carry the tag; with --full those that take long, too.
thread_tests() {
    local query='attr(tags, "\btsan\b", tests(//...))' room
    [ "${1:-}" != --full ] || query+=' + attr(tags, "\btsan_full\b", tests(//...))'
    for room in loop rpc; do
        [ ! -d "tests/unit/$room" ] || query+=" + tests(//tests/unit/$room/...)"
    done
    bazel query "$query" 2>/dev/null
}

# What another configuration would not only repeat.
repeated_tests() {
    bazel query 'tests(//...) except attr(tags, "\bplain\b", tests(//...))' 2>/dev/null
}

# Tests that mean something where nothing is insecure: the others play with development roots, which a release refuses.
release_tests() {
    local room
    for room in base build codec codegen crypto rpc session wire; do echo "//tests/unit/$room/..."; done
}

fuzz_targets() {
    bazel query 'attr(tags, "\bfuzz\b", tests(//...)) except attr(tags, "\bmanual\b", tests(//...))' 2>/dev/null
}

# fuzz_one BINARY NAME SECONDS SEED_FOLDER: one line of a test case; what a crash needs stays below .cache/fuzz.
fuzz_one() {
    local binary=$1 name=$2 seconds=$3 keep=$root/.cache/fuzz/$2
    mkdir -p "$keep/corpus"
    echo "[ RUN      ] fuzz $name"
    local seeds=()
    mapfile -t seeds < <(cd "$binary.runfiles/grille" 2>/dev/null && find -L "$PWD" -type f -not -name "${binary##*/}")
    [ ${#seeds[@]} -eq 0 ] || cp -n "${seeds[@]}" "$keep/corpus/" 2>/dev/null || true
    if "$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix="$keep/" "$keep/corpus" >"$keep/log" 2>&1 </dev/null; then
        echo "[       OK ] fuzz $name"
    else
        tail -n 60 "$keep/log"
        echo "[  FAILED  ] fuzz $name (input and log: .cache/fuzz/$name)"
    fi
}

# fuzz_phase SECONDS: each target for so long, as many at once as there are processors.
fuzz_phase() {
    local seconds=$1 targets bin target start=$SECONDS
    mapfile -t targets < <(fuzz_targets)
    [ ${#targets[@]} -gt 0 ] || return 0
    note "phase fuzz: ${#targets[@]} targets, $seconds s each"
    if ! bazel build --config=fuzz "${build_flags[@]}" "${targets[@]}"; then
        add_cases fuzz 0 ${#targets[@]} $((SECONDS - start))
        return 0
    fi
    bin=$(bazel info --config=fuzz bazel-bin 2>/dev/null)
    for target in "${targets[@]}"; do
        target=${target#//}
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
        fuzz_one "$bin/${target/://}" "${target//[\/:]/_}" "$seconds" >"$scratch/fuzz.${target//[\/:]/_}" &
    done
    wait
    cat "$scratch"/fuzz.* >&2
    add_cases fuzz "$(cat "$scratch"/fuzz.* | grep -c '^\[       OK \]')" \
        "$(cat "$scratch"/fuzz.* | grep -c '^\[  FAILED  \]')" $((SECONDS - start))
}

open_scratch() {
    scratch=$(mktemp -d)
    find_memory
    trap 'rm -rf "$scratch"' EXIT
}

# Prints the sum as the last line; the result is its truth.
close_gate() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

run_fuzz() {
    open_scratch
    fuzz_phase "$1"
    close_gate
}

# run_gate [--full]
run_gate() {
    # plain: what another configuration would only repeat.
    local filter=--test_tag_filters=-full again=--test_tag_filters=-full,-plain fuzz_seconds=1 tests
    if [ "${1:-}" = --full ]; then
        filter=--test_tag_filters=
        again=--test_tag_filters=-plain
        fuzz_seconds=60
    fi
    open_scratch
    find_test_data
    bazel_phase default --config=again "$filter" //...
    # By name, so that nothing but what they need is built once more.
    mapfile -t tests < <(repeated_tests)
    bazel_phase asan --config=asan --build_tests_only "$again" "${tests[@]}"
    mapfile -t tests < <(thread_tests "${1:-}")
    [ ${#tests[@]} -eq 0 ] || bazel_phase tsan --config=tsan "$filter" "${tests[@]}"
    consumer_phase "${1:-}"
    if [ "${1:-}" = --full ]; then
        bazel_phase opt --config=opt --build_tag_filters=-plain "$again" //...
        # shellcheck disable=SC2046 # a list of patterns
        bazel_phase release --config=release --build_tag_filters=-plain "$again" $(release_tests)
    fi
    fuzz_phase "$fuzz_seconds"
    close_gate
}
