/* SPDX-License-Identifier: Apache-2.0
 * Goal: a server's counters by RPC are those of its API; off in an enclave unless its policy says so; a peer can't make
 * it hold more snapshots than may be. */
#include "grille/stats.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_codec.h"
#include "grille/v1/stats.grille-nano.h"
#include "pair.h"
#include "wire/limits.h"

typedef grille_own_grille_v1_stats_get_stream get_stream;

static services_pair pair;
static e2e_counts counts;

/* A service whose counters are more than a window holds. */
enum { MANY = 900, NAME_BYTES = 200 };

static grille_method many_methods[MANY];
static grille_method_handler many_handlers[MANY];
static char many_paths[MANY][NAME_BYTES + 32];
static const grille_service many = {.name = "test.Many", .id = 77, .methods = many_methods, .method_count = MANY};

static grille_code answer_nothing(grille_call *call, const void *request, void *response, const void *handlers,
                                  void *user) {
    (void)call;
    (void)request;
    (void)handlers;
    (void)user;
    ((fake_message *)response)->text = "";
    return GRILLE_OK;
}

static void make_many(void) {
    for (uint32_t at = 0; at < MANY; at++) {
        (void)snprintf(many_paths[at], sizeof many_paths[at], "/test.Many/M%0*u", NAME_BYTES, (unsigned)at);
        many_methods[at] = (grille_method){.path = many_paths[at],
                                           .id = 0x70000000u + at,
                                           .request = &fake_type,
                                           .response = &fake_type,
                                           .service = &many};
        many_handlers[at] = (grille_method_handler){.invoke = answer_nothing};
    }
}

static int set_up(void **state) {
    grille_policy *policy = services_policy("[\"/grille.v1.Stats/Get\", \"/test.E2e/Echo\", \"/test.Many/*\"]", "");
    grille_error error;
    (void)state;
    services_pair_new(&pair, grille_policy_ref(policy), NULL);
    assert_int_equal(grille_stats_serve(pair.server, policy, services_world.gateway, &error), GRILLE_OK);
    assert_int_equal(e2e_register(pair.server, &counts, &error), GRILLE_OK);
    make_many();
    assert_int_equal(grille_server_register(pair.server, &many, many_handlers, NULL, NULL, &error), GRILLE_OK);
    services_pair_start(&pair, "stats", NULL);
    grille_policy_free(policy);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    services_pair_close(&pair);
    return 0;
}

static get_stream *get(bool no_connections) {
    const grille_v1_GetStatsRequest request = {.no_connections = no_connections};
    get_stream *stream = NULL;
    grille_error error;
    assert_int_equal(grille_own_grille_v1_stats_get_begin(pair.channel, &request, NULL, &stream, &error), GRILLE_OK);
    return stream;
}

static grille_code finish(get_stream *stream) {
    grille_own_grille_v1_stats_get_reply reply;
    grille_code code = grille_own_grille_v1_stats_get_finish(stream, &reply);
    grille_own_grille_v1_stats_get_reply_free(&reply);
    return code;
}

static uint64_t refused(const grille_v1_StatsTotals *totals, const char *name) {
    for (size_t at = 0; at < totals->refused_count; at++) {
        const grille_bytes text = totals->refused[at].name;
        if (text.len == strlen(name) && memcmp(text.data, name, text.len) == 0) return totals->refused[at].count;
    }
    fail_msg("no refusal is called %s", name);
    return 0;
}

static void what_is_told_is_what_was_counted(void **state) {
    const grille_v1_StatsItem *item = NULL;
    get_stream *stream = NULL;
    char answer[64];
    int totals = 0, methods = 0, connections = 0;
    (void)state;
    for (int at = 0; at < 3; at++)
        assert_int_equal(e2e_call(pair.channel, E2E_ECHO, "12345", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(e2e_call(pair.channel, E2E_SECRET, "x", NULL, answer, sizeof answer), GRILLE_PERMISSION_DENIED);
    stream = get(false);
    while (grille_own_grille_v1_stats_get_read(stream, &item) == GRILLE_OK) {
        if (item->which_item == grille_v1_StatsItem_totals_tag) {
            totals++;
            assert_int_equal(item->item.totals.served.started, 4);
            assert_int_equal(item->item.totals.served.in_flight, 1);
            assert_int_equal(item->item.totals.served.ended_count, GRILLE_STATUS_CODES);
            assert_int_equal(item->item.totals.served.ended[GRILLE_OK], 3);
            assert_int_equal(item->item.totals.connections_accepted, 1);
            assert_int_equal(refused(&item->item.totals, "unauthorized"), 1);
            assert_int_equal(refused(&item->item.totals, "evidence"), 0);
        } else if (item->which_item == grille_v1_StatsItem_method_tag) {
            const grille_v1_CallStats *calls = &item->item.method.calls;
            uint64_t in_buckets = 0;
            methods++;
            assert_false(item->item.method.is_caller);
            if (memcmp(item->item.method.path.data, "/test.E2e/Echo", 14) != 0) continue;
            assert_int_equal(calls->bytes_received, 15);
            assert_int_equal(calls->latency_us_count, GRILLE_LATENCY_BUCKETS);
            for (size_t at = 0; at < calls->latency_us_count; at++)
                in_buckets += calls->latency_us[at];
            assert_int_equal(in_buckets, 3);
        } else {
            connections++;
            assert_int_equal(item->item.connection.number, 1);
            assert_memory_equal(item->item.connection.set.data, "them", 4);
        }
    }
    assert_int_equal(finish(stream), GRILLE_OK);
    assert_int_equal(totals, 1);
    assert_int_equal(methods, 2);
    assert_int_equal(connections, 1);
    stream = get(true);
    for (connections = 0; grille_own_grille_v1_stats_get_read(stream, &item) == GRILLE_OK;)
        connections += item->which_item == grille_v1_StatsItem_connection_tag;
    assert_int_equal(connections, 0);
    assert_int_equal(finish(stream), GRILLE_OK);
}

/* A peer that asks and does not read keeps snapshots: no more than so many, and none once it is gone. */
static void only_so_many_answers_at_one_time(void **state) {
    get_stream *streams[GRILLE_LIMIT_STATS_SNAPSHOTS + 4];
    const grille_v1_StatsItem *item = NULL;
    const fake_message nothing = {(char *)(uintptr_t) ""};
    unsigned answered = 0, turned_away = 0;
    (void)state;
    for (size_t at = 0; at < MANY; at++) {
        grille_reply reply;
        assert_int_equal(grille_call_unary(pair.channel, &many_methods[at], &nothing, NULL, &reply), GRILLE_OK);
        grille_reply_free(&reply);
    }
    for (size_t at = 0; at < sizeof streams / sizeof streams[0]; at++)
        streams[at] = get(false);
    /* The last ones are told so while the first ones still wait for their reader. */
    for (size_t at = sizeof streams / sizeof streams[0]; at-- > 0;) {
        bool any = grille_own_grille_v1_stats_get_read(streams[at], &item) == GRILLE_OK;
        answered += any;
        turned_away += !any;
        assert_int_equal(finish(streams[at]), any ? GRILLE_OK : GRILLE_RESOURCE_EXHAUSTED);
    }
    assert_int_equal(answered, GRILLE_LIMIT_STATS_SNAPSHOTS);
    assert_int_equal(turned_away, 4);
    /* All are given back. */
    for (int at = 0; at < 2 * GRILLE_LIMIT_STATS_SNAPSHOTS; at++) {
        get_stream *stream = get(true);
        assert_int_equal(finish(stream), GRILLE_OK);
    }
}

static void an_enclave_tells_only_what_its_policy_says(void **state) {
    static const struct {
        const char *top;
        bool enclave;
        grille_code code;
    } rows[] = {
        {"", true, GRILLE_FAILED_PRECONDITION},
        {"reflection: true\n", true, GRILLE_FAILED_PRECONDITION},
        {"stats: true\n", true, GRILLE_OK},
        {"", false, GRILLE_OK},
        {"stats: false\n", false, GRILLE_FAILED_PRECONDITION},
    };
    grille_identity *enclave = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(grille_identity_open_nsm(world_path(&services_world, "sim"), &enclave, &error), GRILLE_OK);
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        grille_policy *policy = services_policy("[\"/test.E2e/Echo\"]", rows[at].top);
        services_pair other;
        services_pair_new(&other, grille_policy_ref(policy), NULL);
        assert_int_equal(
            grille_stats_serve(other.server, policy, rows[at].enclave ? enclave : services_world.gateway, &error),
            rows[at].code);
        services_pair_close(&other);
        grille_policy_free(policy);
    }
    grille_identity_free(enclave);
}

int main(int count, char **arguments) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_is_told_is_what_was_counted),
        CASE(only_so_many_answers_at_one_time),
        cmocka_unit_test(an_enclave_tells_only_what_its_policy_says),
    };
    (void)count;
    services_arguments(arguments);
    return cmocka_run_group_tests(tests, services_set_up, services_tear_down);
}
