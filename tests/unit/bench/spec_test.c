/* SPDX-License-Identifier: Apache-2.0
 * Goal: a spec goes through an agent's options and comes out the same; whatever is wrong with an option is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/agent/spec.h"

static void assert_same(const bench_spec *left, const bench_spec *right) {
    assert_int_equal(left->pattern, right->pattern);
    assert_int_equal(left->bytes, right->bytes);
    assert_int_equal(left->in_flight, right->in_flight);
    assert_int_equal(left->connections, right->connections);
    assert_int_equal(left->idle_streams, right->idle_streams);
    assert_int_equal(left->idle_connections, right->idle_connections);
    assert_true(left->rate == right->rate);
    assert_true(left->seconds == right->seconds);
    assert_int_equal(left->count, right->count);
    assert_int_equal(left->warm_up_ms, right->warm_up_ms);
    assert_string_equal(left->address, right->address);
    assert_string_equal(left->folder, right->folder);
    assert_string_equal(left->counters, right->counters);
    assert_int_equal(left->server_pid, right->server_pid);
    assert_int_equal(left->spin_us, right->spin_us);
    assert_int_equal(left->loops, right->loops);
}

static void assert_round_trip(const bench_spec *spec) {
    static bench_words words;
    bench_spec read = bench_spec_default();
    char why[512];
    assert_true(bench_spec_words(spec, &words));
    assert_null(words.argv[words.argc]);
    assert_int_equal(words.argc % 2, 0);
    for (int i = 0; i < words.argc; i += 2) {
        assert_int_equal(strncmp(words.argv[i], "--", 2), 0);
        if (!bench_spec_option(&read, words.argv[i] + 2, words.argv[i + 1], why)) fail_msg("%s", why);
    }
    assert_same(spec, &read);
}

static void test_defaults(void **unused) {
    const bench_spec spec = bench_spec_default();
    (void)unused;
    assert_int_equal(spec.pattern, BENCH_PING_PONG);
    assert_int_equal(spec.bytes, 64);
    assert_int_equal(spec.in_flight, 1);
    assert_int_equal(spec.connections, 1);
    assert_int_equal(spec.warm_up_ms, 200);
    assert_int_equal(spec.spin_us, 50);
    assert_int_equal(spec.loops, 1);
    assert_true(spec.seconds == 1 && spec.rate == 0);
    assert_int_equal(spec.count, 0);
    assert_round_trip(&spec);
}

static void test_every_field_goes_there_and_back(void **unused) {
    bench_spec spec = {.pattern = BENCH_OPEN_LOOP,
                       .bytes = 1 << 20,
                       .in_flight = 100,
                       .connections = 1000,
                       .idle_streams = 10000,
                       .idle_connections = 2000,
                       .rate = 1000.0 / 3,
                       .seconds = 0.1,
                       .count = 123456789012,
                       .warm_up_ms = 0,
                       .address = "hybrid:/run/a b.sock:5000",
                       .folder = "identities",
                       .counters = "counters",
                       .server_pid = 4711,
                       .spin_us = 0,
                       .loops = 8};
    (void)unused;
    assert_round_trip(&spec);
    for (unsigned i = 0; i < BENCH_PATTERN_COUNT; i++) {
        spec.pattern = (bench_pattern)i;
        assert_round_trip(&spec);
    }
    memset(spec.address, 'a', sizeof spec.address - 1);
    memset(spec.folder, 'f', sizeof spec.folder - 1);
    memset(spec.counters, 'c', sizeof spec.counters - 1);
    assert_round_trip(&spec);
}

static void test_pattern_words(void **unused) {
    bench_pattern pattern = BENCH_IDLE;
    (void)unused;
    for (unsigned i = 0; i < BENCH_PATTERN_COUNT; i++) {
        assert_true(bench_pattern_of(bench_pattern_word((bench_pattern)i), &pattern));
        assert_int_equal(pattern, i);
    }
    assert_string_equal(bench_pattern_word(BENCH_STREAM_UP), "stream-up");
    assert_string_equal(bench_pattern_word(BENCH_PATTERN_COUNT), "unknown");
    assert_false(bench_pattern_of("ping", &pattern));
    assert_false(bench_pattern_of("", &pattern));
}

static void test_sizes(void **unused) {
    static const struct {
        const char *text;
        size_t bytes;
    } good[] = {{"1", 1}, {"64", 64}, {"16Ki", 16384}, {"1Mi", 1048576}, {"64Mi", 67108864}, {"67108864", 67108864}};
    bench_spec spec = bench_spec_default();
    char why[512];
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(bench_spec_option(&spec, "bytes", good[i].text, why));
        assert_int_equal(spec.bytes, good[i].bytes);
    }
}

static void test_bad_options_are_named(void **unused) {
    static const struct {
        const char *name;
        const char *value;
        const char *why;
    } bad[] = {
        {"byte", "1", "--byte: there is no such option"},
        {"", "1", "--: there is no such option"},
        {"bytes", "0", "--bytes: \"0\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "65Mi", "--bytes: \"65Mi\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "1Gi", "--bytes: \"1Gi\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "1KiB", "--bytes: \"1KiB\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "-1", "--bytes: \"-1\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", " 1", "--bytes: \" 1\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "", "--bytes: \"\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"bytes", "99999999999999999999",
         "--bytes: \"99999999999999999999\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"in-flight", "1Ki", "--in-flight: \"1Ki\": expected a whole number from 1 to 100000"},
        {"in-flight", "0", "--in-flight: \"0\": expected a whole number from 1 to 100000"},
        {"connections", "100001", "--connections: \"100001\": expected a whole number from 1 to 100000"},
        {"idle-streams", "x", "--idle-streams: \"x\": expected a whole number from 0 to 1000000"},
        {"idle-connections", "-1", "--idle-connections: \"-1\": expected a whole number from 0 to 100000"},
        {"idle-connections", "100001", "--idle-connections: \"100001\": expected a whole number from 0 to 100000"},
        {"rate", "0", "--rate: \"0\": expected a number from 0.001 to 100000000"},
        {"rate", "inf", "--rate: \"inf\": expected a number from 0.001 to 100000000"},
        {"rate", "0x10", "--rate: \"0x10\": expected a number from 0.001 to 100000000"},
        {"rate", "1e999", "--rate: \"1e999\": expected a number from 0.001 to 100000000"},
        {"seconds", "1s", "--seconds: \"1s\": expected a number from 0 to 86400"},
        {"seconds", "-0.1", "--seconds: \"-0.1\": expected a number from 0 to 86400"},
        {"count", "1.5", "--count: \"1.5\": expected a whole number from 0 to 1000000000000"},
        {"warm-up-ms", "600001", "--warm-up-ms: \"600001\": expected a whole number from 0 to 600000"},
        {"server-pid", "0", "--server-pid: \"0\": expected a whole number from 1 to 4194304"},
        {"spin-us", "+1", "--spin-us: \"+1\": expected a whole number from 0 to 1000000"},
        {"loops", "65", "--loops: \"65\": expected a whole number from 1 to 64"},
        {"to", "", "--to: 0 bytes: expected a text of 1 to 255 bytes"},
        {"pattern", "ping",
         "--pattern: \"ping\" is none of ping-pong in-flight open-loop bulk stream-up stream-down stream-both connect "
         "idle"},
    };
    const bench_spec before = bench_spec_default();
    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench_spec spec = bench_spec_default();
        char why[512] = "";
        assert_false(bench_spec_option(&spec, bad[i].name, bad[i].value, why));
        assert_string_equal(why, bad[i].why);
        assert_same(&spec, &before);
    }
}

/* Nothing is cut: a folder of 256 bytes would be another folder. */
static void test_long_texts_are_refused(void **unused) {
    bench_spec spec = bench_spec_default();
    char text[1024];
    char why[512];
    (void)unused;
    memset(text, 'x', sizeof text);
    text[256] = 0;
    assert_false(bench_spec_option(&spec, "folder", text, why));
    assert_string_equal(why, "--folder: 256 bytes: expected a text of 1 to 255 bytes");
    text[256] = 'x';
    text[sizeof text - 1] = 0;
    assert_false(bench_spec_option(&spec, text, "1", why));
    assert_false(bench_spec_option(&spec, "bytes", text, why));
    assert_false(bench_spec_option(&spec, "pattern", text, why));
}

static void test_options_must_fit_together(void **unused) {
    bench_spec spec = bench_spec_default();
    char why[512];
    (void)unused;
    assert_false(bench_spec_check(&spec, why));
    assert_string_equal(why, "--to is missing: the server's address");
    memcpy(spec.address, "unix:a", sizeof "unix:a");
    assert_true(bench_spec_check(&spec, why));
    spec.pattern = BENCH_OPEN_LOOP;
    assert_false(bench_spec_check(&spec, why));
    assert_string_equal(why, "--pattern open-loop: --rate is missing");
    spec.rate = 1;
    assert_true(bench_spec_check(&spec, why));
    spec.pattern = BENCH_BULK;
    assert_false(bench_spec_check(&spec, why));
    assert_string_equal(why, "--rate: only open-loop has one");
    spec.rate = 0;
    spec.seconds = 0;
    assert_false(bench_spec_check(&spec, why));
    assert_string_equal(why, "--seconds 0 and --count 0: nothing tells the end");
    spec.count = 1;
    assert_true(bench_spec_check(&spec, why));
    spec.idle_connections = 1;
    for (unsigned i = 0; i < BENCH_PATTERN_COUNT; i++) {
        spec.pattern = (bench_pattern)i;
        spec.rate = spec.pattern == BENCH_OPEN_LOOP ? 1 : 0;
        const bool opens_its_own = spec.pattern == BENCH_CONNECT || spec.pattern == BENCH_IDLE;
        assert_int_equal(bench_spec_check(&spec, why), !opens_its_own);
        if (opens_its_own) assert_string_equal(why, "--idle-connections: connect and idle open their own");
    }
}

static void test_help_names_every_option_and_pattern(void **unused) {
    static bench_words words;
    bench_spec spec = bench_spec_default();
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    (void)unused;
    spec.rate = 1;
    spec.server_pid = 1;
    spec.address[0] = spec.folder[0] = spec.counters[0] = 'x';
    assert_true(bench_spec_words(&spec, &words));
    bench_spec_help(out);
    assert_int_equal(fclose(out), 0);
    for (int i = 0; i < words.argc; i += 2)
        assert_non_null(strstr(text, words.argv[i]));
    for (unsigned i = 0; i < BENCH_PATTERN_COUNT; i++)
        assert_non_null(strstr(text, bench_pattern_word((bench_pattern)i)));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_field_goes_there_and_back),
        cmocka_unit_test(test_pattern_words),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bad_options_are_named),
        cmocka_unit_test(test_long_texts_are_refused),
        cmocka_unit_test(test_options_must_fit_together),
        cmocka_unit_test(test_help_names_every_option_and_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
