/* SPDX-License-Identifier: Apache-2.0
 * Goal: options make exactly the rows that they say, side by side, and a mistake is named. */
#include "bench/driver/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

enum { TEXT_MAX = 8192 };

/* All rows, one a line. */
static void write_rows(const bench_plan *plan, char text[TEXT_MAX]) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < plan->row_count; i++) {
        char name[160];
        bench_plan_row_name(&plan->rows[i], name);
        used += (size_t)snprintf(text + used, TEXT_MAX - used, "%s\n", name);
        assert_true(used < TEXT_MAX);
    }
}

static void rows_follow_the_options(void **state) {
    static const struct {
        bench_wishes wishes;
        const char *rows;
    } cases[] = {
        {{.placements = "same", .rows = "raw"},
         "raw unix same ping-pong 64 B\nraw unix same in-flight 64 B x100\nraw unix same bulk 1 MiB\n"},
        {{.patterns = "ping-pong", .rows = "raw,rpc-attested", .bytes = "64,1Ki", .placements = "same,free"},
         "raw unix same ping-pong 64 B\nrpc-attested unix same ping-pong 64 B\nraw unix free ping-pong 64 B\n"
         "rpc-attested unix free ping-pong 64 B\nraw unix same ping-pong 1 KiB\nrpc-attested unix same ping-pong 1 "
         "KiB\n"
         "raw unix free ping-pong 1 KiB\nrpc-attested unix free ping-pong 1 KiB\n"},
        {{.patterns = "in-flight", .rows = "tls", .in_flight = "1,100", .connections = "1,8", .placements = "split"},
         "tls unix split in-flight 64 B\ntls unix split in-flight 64 B on 8\ntls unix split in-flight 64 B x100\n"
         "tls unix split in-flight 64 B x100 on 8\n"},
        /* Sweeps over sizes and streams in both directions. */
        {{.directions = "up,down", .bytes = "64,64Ki", .streams = "1,4", .rows = "rpc-attested", .placements = "same"},
         "rpc-attested unix same stream-up 64 B\nrpc-attested unix same stream-up 64 B x4\n"
         "rpc-attested unix same stream-up 64 KiB\nrpc-attested unix same stream-up 64 KiB x4\n"
         "rpc-attested unix same stream-down 64 B\nrpc-attested unix same stream-down 64 B x4\n"
         "rpc-attested unix same stream-down 64 KiB\nrpc-attested unix same stream-down 64 KiB x4\n"},
        {{.patterns = "stream,stream-both,stream-up", .rows = "raw", .placements = "free"},
         "raw unix free stream-up 64 B\nraw unix free stream-down 64 B\nraw unix free stream-both 64 B\n"},
        {{.rate = "1000", .rows = "raw", .placements = "free", .transports = "tcp,hybrid"},
         "raw tcp free open-loop 64 B\nraw hybrid free open-loop 64 B\n"},
        /* One process is on one CPU, or free; streams that stand open need streams. */
        {{.patterns = "ping-pong", .transports = "inproc", .placements = "same,split,free", .rows = "raw,rpc-attested"},
         "raw inproc same ping-pong 64 B\nrpc-attested inproc same ping-pong 64 B\nraw inproc free ping-pong 64 B\n"
         "rpc-attested inproc free ping-pong 64 B\n"},
        {{.patterns = "in-flight", .idle_streams = "0,10000", .placements = "same", .rows = "raw,rpc-attested"},
         "raw unix same in-flight 64 B x100\nrpc-attested unix same in-flight 64 B x100\n"
         "rpc-attested unix same in-flight 64 B x100 +10000\n"},
        /* Connections that stand beside calls need calls; a peer that has no such thing says so itself. */
        {{.patterns = "in-flight,connect",
          .idle_connections = "0,1000",
          .placements = "same",
          .rows = "tls,rpc-attested",
          .peers = {"grpc-c++=a/b"},
          .peer_count = 1},
         "tls unix same in-flight 64 B x100\nrpc-attested unix same in-flight 64 B x100\n"
         "grpc-c++ unix same in-flight 64 B x100\ntls unix same in-flight 64 B x100 beside 1000\n"
         "rpc-attested unix same in-flight 64 B x100 beside 1000\ngrpc-c++ unix same in-flight 64 B x100 beside 1000\n"
         "tls unix same connect 64 B x4\nrpc-attested unix same connect 64 B x4\n"
         "grpc-c++ unix same connect 64 B x4\n"},
        {{.patterns = "stream-up",
          .connections = "2",
          .idle_streams = "3",
          .idle_connections = "4",
          .placements = "same",
          .rows = "raw,rpc-attested"},
         "rpc-attested unix same stream-up 64 B on 2 +3 beside 4\n"},
        {{.patterns = "connect,idle", .rows = "tls", .placements = "free"},
         "tls unix free connect 64 B x4\ntls unix free idle 64 B on 1000\n"},
        {{.patterns = "connect",
          .rows = "tls,rpc-attested",
          .server_kinds = "x509,nitro",
          .client_kinds = "psk",
          .placements = "free"},
         "tls unix free connect 64 B x4\nrpc-attested psk>x509 unix free connect 64 B x4\n"
         "rpc-attested psk>nitro unix free connect 64 B x4\n"},
        {{.patterns = "ping-pong,idle,stream-up",
          .rows = "raw",
          .placements = "same",
          .insecure_agent = "agent",
          .peers = {"grpc-c++=a/b"},
          .peer_count = 1,
          .transports = "unix,hybrid"},
         "raw unix same ping-pong 64 B\ngrpc-c++ unix same ping-pong 64 B\nraw hybrid same ping-pong 64 B\n"
         "raw unix same idle 64 B on 1000\ngrpc-c++ unix same idle 64 B on 1000\nraw hybrid same idle 64 B on 1000\n"
         "raw unix same stream-up 64 B\ngrpc-c++ unix same stream-up 64 B\nraw hybrid same stream-up 64 B\n"},
        {{.patterns = "ping-pong", .placements = "same", .insecure_agent = "agent"},
         "raw unix same ping-pong 64 B\ntls unix same ping-pong 64 B\nrpc-insecure unix same ping-pong 64 B\n"
         "rpc-attested unix same ping-pong 64 B\n"},
        {{.patterns = "ping-pong", .rows = "tls,rpc-attested", .loops = "2", .placements = "free"},
         "tls unix free ping-pong 64 B\nrpc-attested 2 loops unix free ping-pong 64 B\n"},
        {{.target = "vsock:16:5000", .patterns = "ping-pong"}, "rpc-attested target free ping-pong 64 B\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_plan plan;
        bench_wrong wrong;
        char text[TEXT_MAX];
        if (!bench_plan_make(&cases[i].wishes, 2, &plan, &wrong)) fail_msg("%zu: %s", i, wrong.text);
        write_rows(&plan, text);
        assert_string_equal(text, cases[i].rows);
        bench_plan_deinit(&plan);
    }
}

static void values_reach_each_row(void **state) {
    const bench_wishes wishes = {.patterns = "open-loop",
                                 .rows = "rpc-insecure",
                                 .insecure_agent = "there",
                                 .rate = "2500.5",
                                 .seconds = "1.25",
                                 .warm_up = "0",
                                 .rounds = "7",
                                 .loops = "2",
                                 .spin_us = "0",
                                 .transports = "vsock",
                                 .cid = "16",
                                 .port = "6000",
                                 .placements = "free"};
    bench_plan plan;
    bench_wrong wrong;
    (void)state;
    assert_true(bench_plan_make(&wishes, 2, &plan, &wrong));
    assert_int_equal(plan.row_count, 1);
    assert_int_equal(plan.rounds, 7);
    assert_int_equal(plan.vsock_cid, 16);
    assert_int_equal(plan.port, 6000);
    assert_string_equal(plan.rows[0].agent_row, "rpc-insecure");
    assert_string_equal(plan.rows[0].program, "there");
    assert_true(plan.rows[0].spec.rate > 2500.4 && plan.rows[0].spec.rate < 2500.6);
    assert_true(plan.rows[0].spec.seconds > 1.24 && plan.rows[0].spec.seconds < 1.26);
    assert_int_equal(plan.rows[0].spec.warm_up_ms, 0);
    assert_int_equal(plan.rows[0].spec.loops, 2);
    assert_int_equal(plan.rows[0].spec.spin_us, 0);
    assert_true(bench_plan_seconds(&plan) > 7 * 1.25);
    bench_plan_deinit(&plan);
}

/* Many connections and streams are warm later, unless it was said how long. */
static void many_connections_warm_up_longer(void **state) {
    bench_wishes wishes = {
        .patterns = "in-flight", .rows = "rpc-attested", .placements = "same", .connections = "1,1000"};
    bench_plan plan;
    bench_wrong wrong;
    (void)state;
    assert_true(bench_plan_make(&wishes, 2, &plan, &wrong));
    assert_int_equal(plan.rows[0].spec.warm_up_ms, 100);
    assert_int_equal(plan.rows[1].spec.warm_up_ms, 600);
    bench_plan_deinit(&plan);
    wishes.connections = NULL;
    wishes.idle_connections = "0,1000";
    assert_true(bench_plan_make(&wishes, 2, &plan, &wrong));
    assert_int_equal(plan.rows[0].spec.warm_up_ms, 100);
    assert_int_equal(plan.rows[1].spec.warm_up_ms, 600);
    bench_plan_deinit(&plan);
    wishes.warm_up = "0.2";
    assert_true(bench_plan_make(&wishes, 2, &plan, &wrong));
    assert_int_equal(plan.rows[1].spec.warm_up_ms, 200);
    bench_plan_deinit(&plan);
}

/* Each named plan can be made, on one CPU too, and what is typed stands above it. */
static void plans_with_a_name(void **state) {
    static const char *const names[] = {NULL, "short", "standard", "full"};
    size_t before = 0;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        bench_wishes wishes = {.plan = names[i]};
        bench_plan plan;
        bench_wrong wrong;
        if (!bench_plan_make(&wishes, 2, &plan, &wrong)) fail_msg("%s", wrong.text);
        assert_true(plan.row_count > before || i == 1);
        before = plan.row_count;
        bench_plan_deinit(&plan);
        assert_true(bench_plan_make(&wishes, 1, &plan, &wrong));
        assert_true(plan.left_out_split == (i == 3));
        bench_plan_deinit(&plan);
        wishes.patterns = "bulk";
        wishes.rows = "raw";
        wishes.placements = "free";
        assert_true(bench_plan_make(&wishes, 2, &plan, &wrong));
        assert_int_equal(plan.row_count, 1);
        bench_plan_deinit(&plan);
    }
}

/* What a plan takes, an agent takes too: the bounds of both fit. */
static void agents_take_what_a_plan_takes(void **state) {
    static const bench_wishes cases[] = {
        {.patterns = "open-loop", .rate = "0.1", .bytes = "1", .seconds = "0.01", .warm_up = "0", .connections = "1"},
        {.patterns = "open-loop",
         .rate = "10000000",
         .bytes = "64Mi",
         .seconds = "3600",
         .warm_up = "600",
         .connections = "65536",
         .idle_streams = "1000000",
         .idle_connections = "65536",
         .rows = "rpc-attested",
         .loops = "64",
         .spin_us = "10000"},
        {.patterns = "in-flight", .in_flight = "65536", .spin_us = "0", .loops = "1"},
        {.patterns = "stream", .streams = "65536", .idle_streams = "0"},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bench_plan plan;
        bench_wrong wrong;
        if (!bench_plan_make(&cases[c], 2, &plan, &wrong)) fail_msg("%zu: %s", c, wrong.text);
        for (size_t i = 0; i < plan.row_count; i++) {
            bench_spec again = bench_spec_default();
            bench_words words;
            char why[512];
            (void)snprintf(plan.rows[i].spec.address, sizeof plan.rows[i].spec.address, "unix:x");
            assert_true(bench_spec_words(&plan.rows[i].spec, &words));
            for (int w = 0; w + 1 < words.argc; w += 2) {
                if (!bench_spec_option(&again, words.argv[w] + 2, words.argv[w + 1], why)) fail_msg("%zu: %s", c, why);
            }
            if (!bench_spec_check(&again, why)) fail_msg("%zu: %s", c, why);
        }
        bench_plan_deinit(&plan);
    }
}

/* The standard and the full plan measure calls beside connections that stand, and none of it for others. */
static void named_plans_have_idle_connections(void **state) {
    static const struct {
        const char *plan;
        size_t rows; /* patterns, modes, counts */
    } cases[] = {{"short", 0}, {"standard", 2 * 2 * 1}, {"full", 2 * 2 * 2}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const bench_wishes wishes = {.plan = cases[c].plan, .insecure_agent = "x", .peers = {"a=b"}, .peer_count = 1};
        bench_plan plan;
        bench_wrong wrong;
        size_t beside = 0;
        if (!bench_plan_make(&wishes, 2, &plan, &wrong)) fail_msg("%s", wrong.text);
        for (size_t i = 0; i < plan.row_count; i++) {
            const bench_plan_row *row = &plan.rows[i];
            if (row->spec.idle_connections == 0) continue;
            beside++;
            assert_true(strcmp(row->mode, "tls") == 0 || strcmp(row->mode, "rpc-attested") == 0);
            assert_string_equal(row->placement, "same");
            assert_int_equal(row->spec.connections, 1);
        }
        assert_int_equal(beside, cases[c].rows);
        bench_plan_deinit(&plan);
    }
}

/* However parts of a plan meet, each row is measured once. */
static void no_row_comes_twice(void **state) {
    static const bench_wishes cases[] = {
        {.plan = "standard", .insecure_agent = "x", .peers = {"a=b", "c=d"}, .peer_count = 2},
        {.plan = "full", .insecure_agent = "x", .peers = {"a=b", "c=d"}, .peer_count = 2},
        {.plan = "standard", .rows = "raw"},
        {.patterns = "stream,stream-up", .directions = "up,both"},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bench_plan plan;
        bench_wrong wrong;
        if (!bench_plan_make(&cases[c], 2, &plan, &wrong)) fail_msg("%zu: %s", c, wrong.text);
        for (size_t i = 0; i < plan.row_count; i++) {
            char name[160], other[160];
            bench_plan_row_name(&plan.rows[i], name);
            for (size_t j = 0; j < i; j++) {
                bench_plan_row_name(&plan.rows[j], other);
                assert_string_not_equal(name, other);
            }
        }
        bench_plan_deinit(&plan);
    }
}

/* The short plan ends within a minute, the standard one within three. */
static void named_plans_are_as_short_as_they_say(void **state) {
    bench_plan plan;
    bench_wrong wrong;
    (void)state;
    assert_true(bench_plan_make(&(bench_wishes){.plan = "short"}, 2, &plan, &wrong));
    assert_true(bench_plan_seconds(&plan) < 50);
    bench_plan_deinit(&plan);
    assert_true(bench_plan_make(&(bench_wishes){.plan = "standard", .insecure_agent = "x"}, 2, &plan, &wrong));
    assert_true(bench_plan_seconds(&plan) < 150);
    bench_plan_deinit(&plan);
}

static void mistakes_are_named(void **state) {
    static const struct {
        bench_wishes wishes;
        const char *part;  /* of the text */
        const char *known; /* a word that would have been right */
    } cases[] = {
        {{.rows = "rwa"}, "--rows takes no \"rwa\"", "raw"},
        {{.rows = "raw,"}, "--rows takes no \"\"", "raw"},
        {{.rows = "raw,raw"}, "--rows has raw twice", NULL},
        {{.rows = "rpc-insecure"}, "name it with --insecure-agent", NULL},
        {{.patterns = "pingpong"}, "--patterns takes no \"pingpong\"", "ping-pong"},
        {{.plan = "long"}, "--plan takes no \"long\"", "full"},
        {{.plan = "short,full"}, "--plan is one of", NULL},
        {{.transports = "udp"}, "--transport takes no \"udp\"", "tcp"},
        {{.placements = "same,other"}, "--placement takes no \"other\"", "split"},
        {{.server_kinds = "anonymous"}, "--server-kind takes no", "psk"},
        {{.client_kinds = "x508"}, "--client-kind takes no", "x509"},
        {{.patterns = "stream", .directions = "left"}, "--direction takes no \"left\"", "both"},
        {{.patterns = "bulk", .directions = "up"}, "--direction goes with --patterns stream", NULL},
        {{.bytes = "64KB"}, "--bytes takes numbers from 1 to 67108864, as 64,1Ki, not \"64KB\"", NULL},
        {{.bytes = "0"}, "--bytes takes numbers from 1 to 67108864, as 64,1Ki, not \"0\"", NULL},
        {{.warm_up = "601"}, "--warmup is a number from 0 to 600", NULL},
        {{.bytes = "-1"}, "not \"-1\"", NULL},
        {{.bytes = "65Mi"}, "not \"65Mi\"", NULL},
        {{.bytes = "9999999999999999999999"}, "--bytes takes numbers", NULL},
        {{.bytes = "64,64"}, "--bytes has 64 twice", NULL},
        {{.in_flight = "0"}, "--in-flight takes numbers from 1", NULL},
        {{.connections = "65537"}, "--connections takes numbers from 1 to 65536", NULL},
        {{.patterns = "ping-pong", .in_flight = "2"}, "--in-flight: none of the patterns looks at it", NULL},
        {{.patterns = "ping-pong", .streams = "2"}, "--streams: none", NULL},
        {{.patterns = "connect", .bytes = "2"}, "--bytes: none", NULL},
        {{.patterns = "connect", .connections = "2"}, "--connections: none", NULL},
        {{.patterns = "idle", .idle_streams = "2"}, "--idle-streams: none", NULL},
        {{.patterns = "idle,connect", .idle_connections = "2"}, "--idle-connections: none of the patterns looks", NULL},
        {{.idle_connections = "65537"}, "--idle-connections takes numbers from 0 to 65536", NULL},
        {{.idle_connections = "1,1"}, "--idle-connections has 1 twice", NULL},
        {{.patterns = "bulk", .rate = "2"}, "--rate: none", NULL},
        {{.patterns = "open-loop"}, "open-loop needs --rate", NULL},
        {{.rate = "inf"}, "--rate is a number from 0.1 to", NULL},
        {{.rate = "0"}, "--rate is a number", NULL},
        {{.seconds = "0x10"}, "--seconds is a number from 0.01 to 3600", NULL},
        {{.seconds = ""}, "--seconds is a number", NULL},
        {{.warm_up = "1.2.3"}, "--warmup is a number", NULL},
        {{.rounds = "0"}, "--rounds takes numbers from 1 to 1000", NULL},
        {{.rounds = "1,2"}, "--rounds is one number", NULL},
        {{.loops = "65"}, "--loops takes", NULL},
        {{.spin_us = "1Mi"}, "--spin-us takes", NULL},
        {{.cid = "2"}, "--cid and --port go with --transport vsock", NULL},
        {{.transports = "vsock", .cid = "4294967295"}, "--cid takes", NULL},
        {{.peers = {"grpc"}, .peer_count = 1}, "--peer is NAME=PATH", NULL},
        {{.peers = {"=x"}, .peer_count = 1}, "--peer is NAME=PATH", NULL},
        {{.peers = {"a b=x"}, .peer_count = 1}, "letters, digits", NULL},
        {{.peers = {"a=x", "a=y"}, .peer_count = 2}, "there is a a already", NULL},
        {{.peers = {"tls=x"}, .peer_count = 1}, "there is a tls already", NULL},
        {{.target = "unix:x", .rows = "raw"}, "--target speaks attested calls only", NULL},
        {{.target = "unix:x", .patterns = "idle"}, "can't be seen at a --target", NULL},
        {{.target = "unix:x", .transports = "unix"}, "without --transport", NULL},
        {{.target = "unix:x", .peers = {"a=b"}, .peer_count = 1}, "--peer does not go with --target", NULL},
        {{.rows = "rpc-attested", .transports = "inproc", .placements = "split"}, "no row is left", NULL},
        {{.bytes = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33"},
         "--bytes has more than 32 parts",
         NULL},
        {{.patterns = "in-flight",
          .bytes = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20",
          .in_flight = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20",
          .connections = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20"},
         "that makes more than 4096 rows",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_plan plan;
        bench_wrong wrong;
        bool known = cases[i].known == NULL;
        if (bench_plan_make(&cases[i].wishes, 2, &plan, &wrong)) fail_msg("%zu: taken", i);
        if (strstr(wrong.text, cases[i].part) == NULL) fail_msg("%zu: %s", i, wrong.text);
        assert_true((wrong.known == NULL) == known);
        for (size_t w = 0; w < wrong.known_count; w++)
            known = known || strcmp(wrong.known[w], cases[i].known) == 0;
        assert_true(known);
        bench_plan_deinit(&plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_the_options),
        cmocka_unit_test(values_reach_each_row),
        cmocka_unit_test(many_connections_warm_up_longer),
        cmocka_unit_test(plans_with_a_name),
        cmocka_unit_test(agents_take_what_a_plan_takes),
        cmocka_unit_test(named_plans_have_idle_connections),
        cmocka_unit_test(no_row_comes_twice),
        cmocka_unit_test(named_plans_are_as_short_as_they_say),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
