/* SPDX-License-Identifier: Apache-2.0
 * Goal: over a whole attested connection interceptors of either end see each call once, unary and streaming, both ways,
 * retried or not; what they change arrives, what they refuse does not; and both ends count the same. */
#include "grille/interceptor.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_codec.h"
#include "grille/health.h"
#include "grille/v1/health.grille-nano.h"
#include "pair.h"

/* What one interceptor was told; calls of several threads. */
typedef struct seen {
    pthread_mutex_t lock;
    int starts, headers, sent, received, ends, caller_starts;
    grille_code code;
    char method[128];
    uint64_t elapsed_us;
    bool had_peer_at_start, had_peer_at_end;
    grille_code refuse;
    bool changes;
    char request_tag[32]; /* what on_start saw of the key "tag" */
    char header_tag[32], trailer_tag[32];
} seen;

static void take(char *into, grille_intercepted *call, grille_metadata_place place) {
    grille_bytes tag = grille_metadata_get(grille_intercepted_metadata(call, place), "tag", 0);
    (void)snprintf(into, 32, "%.*s", (int)tag.len, tag.data != NULL ? (const char *)tag.data : "");
}

static void put(grille_intercepted *call, grille_metadata_place place, const char *value) {
    (void)grille_intercepted_remove(call, place, "tag");
    assert_int_equal(grille_intercepted_add(call, place, "tag", (grille_bytes){(const uint8_t *)value, strlen(value)}),
                     GRILLE_OK);
}

static grille_code on_start(grille_intercepted *call, void *user) {
    seen *own = user;
    grille_code code = GRILLE_OK;
    pthread_mutex_lock(&own->lock);
    own->starts++;
    own->caller_starts += grille_intercepted_is_caller(call);
    (void)snprintf(own->method, sizeof own->method, "%s", grille_intercepted_method(call)->path);
    own->had_peer_at_start = grille_intercepted_peer(call) != NULL;
    take(own->request_tag, call, GRILLE_METADATA_REQUEST);
    if (own->changes) put(call, GRILLE_METADATA_REQUEST, "of the caller");
    code = own->refuse;
    pthread_mutex_unlock(&own->lock);
    return code == GRILLE_OK ? code : grille_intercepted_fail(call, code, "not %s", "today");
}

static void on_headers(grille_intercepted *call, void *user) {
    seen *own = user;
    pthread_mutex_lock(&own->lock);
    own->headers++;
    take(own->header_tag, call, GRILLE_METADATA_HEADERS);
    if (own->changes) put(call, GRILLE_METADATA_HEADERS, "header");
    pthread_mutex_unlock(&own->lock);
}

static void on_message(grille_intercepted *call, grille_message_direction direction, size_t bytes, void *user) {
    seen *own = user;
    (void)call;
    (void)bytes;
    pthread_mutex_lock(&own->lock);
    if (direction == GRILLE_MESSAGE_SENT) own->sent++;
    if (direction == GRILLE_MESSAGE_RECEIVED) own->received++;
    pthread_mutex_unlock(&own->lock);
}

static void on_end(grille_intercepted *call, grille_code code, const char *message, void *user) {
    seen *own = user;
    (void)message;
    pthread_mutex_lock(&own->lock);
    own->ends++;
    own->code = code;
    own->had_peer_at_end = grille_intercepted_peer(call) != NULL;
    own->elapsed_us = grille_intercepted_elapsed_us(call);
    take(own->trailer_tag, call, GRILLE_METADATA_TRAILERS);
    if (own->changes) put(call, GRILLE_METADATA_TRAILERS, "trailer");
    pthread_mutex_unlock(&own->lock);
}

static seen of_caller, of_server;
static services_pair pair;
static grille_health *health, *health_of_caller;
static grille_services *services_of_caller;
static e2e_counts counts;
static grille_channel *_Atomic to_caller; /* the server's way back */
static grille_policy *trust;

static void on_peer(grille_channel *peer, void *user) {
    (void)user;
    to_caller = grille_channel_ref(peer);
}

static int set_up(void **state) {
    grille_interceptor caller = {on_start, on_headers, on_message, on_end, &of_caller};
    grille_interceptor server = {on_start, on_headers, on_message, on_end, &of_server};
    grille_server_options server_options = grille_server_options_default();
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    (void)state;
    of_caller = of_server = (seen){.lock = PTHREAD_MUTEX_INITIALIZER};
    counts = (e2e_counts){.back = NULL};
    server_options.interceptors = &server;
    server_options.interceptor_count = 1;
    server_options.on_peer = on_peer;
    services_pair_new(&pair,
                      services_policy_of(WORLD_PARENT, "[\"/grille.v1.Health/*\", \"/test.E2e/*\"]", "",
                                         "    serves: [\"/grille.v1.Health/*\"]\n"),
                      &server_options);
    assert_int_equal(grille_health_new(&health, &error), GRILLE_OK);
    assert_int_equal(grille_health_new(&health_of_caller, &error), GRILLE_OK);
    assert_int_equal(grille_health_register(health, grille_server_services(pair.server), &error), GRILLE_OK);
    assert_int_equal(e2e_register(pair.server, &counts, &error), GRILLE_OK);
    assert_int_equal(grille_services_new(&services_of_caller, &error), GRILLE_OK);
    assert_int_equal(grille_health_register(health_of_caller, services_of_caller, &error), GRILLE_OK);
    trust = services_policy_of(WORLD_GATEWAY, "[\"/grille.v1.Health/*\"]", "", "");
    options.policy = trust;
    options.services = services_of_caller;
    options.interceptors = &caller;
    options.interceptor_count = 1;
    services_pair_start(&pair, "interceptors", &options);
    /* The server may have verified its peer a moment later. */
    while (to_caller == NULL)
        (void)sched_yield();
    /* Copied. */
    memset(&caller, 0xff, sizeof caller);
    memset(&server, 0xff, sizeof server);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_channel_close(to_caller);
    to_caller = NULL;
    services_pair_close(&pair);
    grille_services_free(services_of_caller);
    grille_health_free(health);
    grille_health_free(health_of_caller);
    grille_policy_free(trust);
    return 0;
}

/* Both ends have told this many ends: the server tells before the answer leaves, so waiting is only for streams that
 * the caller ended. */
static void wait_for_ends(seen *own, int ends) {
    for (;;) {
        pthread_mutex_lock(&own->lock);
        bool there = own->ends >= ends;
        pthread_mutex_unlock(&own->lock);
        if (there) return;
        (void)sched_yield();
    }
}

static grille_code call(const grille_method *method, const char *text, grille_reply *reply) {
    static const grille_metadata_pair tag = {"tag", {(const uint8_t *)"first", 5}};
    const grille_metadata metadata = {&tag, 1};
    const fake_message message = {(char *)(uintptr_t)text};
    return grille_call_unary(pair.channel, method, &message, &GRILLE_CALL_OPTIONS(.metadata = &metadata), reply);
}

static void a_unary_call_is_seen_once_at_each_end(void **state) {
    grille_reply reply;
    (void)state;
    assert_int_equal(call(&e2e_methods[E2E_ECHO], "sleep:3", &reply), GRILLE_OK);
    grille_reply_free(&reply);
    assert_int_equal(of_caller.starts + of_server.starts, 2);
    assert_int_equal(of_caller.caller_starts, 1);
    assert_int_equal(of_server.caller_starts, 0);
    assert_int_equal(of_caller.ends + of_server.ends, 2);
    assert_int_equal(of_caller.sent + of_caller.received + of_server.sent + of_server.received, 4);
    assert_string_equal(of_server.method, e2e_methods[E2E_ECHO].path);
    assert_string_equal(of_server.request_tag, "first");
    assert_false(of_caller.had_peer_at_start);
    assert_true(of_caller.had_peer_at_end && of_server.had_peer_at_start && of_server.had_peer_at_end);
    assert_in_range(of_server.elapsed_us, 3000, of_caller.elapsed_us);
    assert_int_equal(of_server.headers, 1);
}

static void what_either_end_changes_arrives_at_the_other(void **state) {
    grille_reply reply;
    (void)state;
    of_caller.changes = of_server.changes = true;
    assert_int_equal(call(&e2e_methods[E2E_ECHO], "x", &reply), GRILLE_OK);
    assert_string_equal(of_caller.request_tag, "first");
    assert_string_equal(of_server.request_tag, "of the caller");
    assert_string_equal(of_caller.header_tag, "header");
    assert_string_equal(of_caller.trailer_tag, "trailer");
    assert_int_equal(reply.headers.count, 1);
    assert_string_equal(reply.headers.pairs[0].key, "tag");
    assert_int_equal(reply.trailers.count, 1);
    grille_reply_free(&reply);
}

static void either_end_refuses_and_no_handler_runs(void **state) {
    grille_reply reply;
    (void)state;
    of_caller.refuse = GRILLE_UNAUTHENTICATED;
    assert_int_equal(call(&e2e_methods[E2E_ECHO], "x", &reply), GRILLE_UNAUTHENTICATED);
    assert_string_equal(reply.message, "not today");
    grille_reply_free(&reply);
    assert_int_equal(of_server.starts, 0);
    of_caller.refuse = GRILLE_OK;
    of_server.refuse = GRILLE_RESOURCE_EXHAUSTED;
    assert_int_equal(call(&e2e_methods[E2E_WORK], "x", &reply), GRILLE_RESOURCE_EXHAUSTED);
    assert_string_equal(reply.message, "not today");
    grille_reply_free(&reply);
    assert_int_equal(of_caller.ends, 1);
    assert_int_equal(of_caller.code, GRILLE_RESOURCE_EXHAUSTED);
    /* The only one of its list refused: nobody is told an end. */
    assert_int_equal(of_server.ends, 0);
    assert_int_equal(counts.started, 0);
}

static void retries_are_one_call(void **state) {
    grille_method idempotent = e2e_methods[E2E_ECHO];
    grille_reply reply;
    (void)state;
    idempotent.flags |= GRILLE_METHOD_IDEMPOTENT;
    assert_int_equal(call(&idempotent, "fail:14", &reply), GRILLE_UNAVAILABLE);
    grille_reply_free(&reply);
    assert_int_equal(counts.started, 3);
    assert_int_equal(of_server.starts, 3);
    assert_int_equal(of_server.ends, 3);
    assert_int_equal(of_caller.starts, 1);
    assert_int_equal(of_caller.sent, 1);
    assert_int_equal(of_caller.ends, 1);
    assert_int_equal(of_caller.code, GRILLE_UNAVAILABLE);
}

static void a_stream_is_seen_message_by_message(void **state) {
    grille_v1_HealthCheckRequest request = {0};
    grille_own_grille_v1_health_watch_stream *stream = NULL;
    grille_own_grille_v1_health_watch_reply reply;
    const grille_v1_HealthCheckResponse *message = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(grille_own_grille_v1_health_watch_begin(pair.channel, &request, NULL, &stream, &error), GRILLE_OK);
    for (int at = 0; at < 5; at++) {
        assert_int_equal(grille_own_grille_v1_health_watch_read(stream, &message), GRILLE_OK);
        assert_int_equal(message->alive, at % 2 == 0);
        grille_health_set_alive(health, at % 2 != 0);
    }
    assert_int_equal(grille_own_grille_v1_health_watch_read(stream, &message), GRILLE_OK);
    grille_own_grille_v1_health_watch_cancel(stream);
    assert_int_equal(grille_own_grille_v1_health_watch_finish(stream, &reply), GRILLE_CANCELLED);
    grille_own_grille_v1_health_watch_reply_free(&reply);
    wait_for_ends(&of_server, 1);
    assert_int_equal(of_caller.sent, 1);
    assert_int_equal(of_caller.received, 6);
    assert_int_equal(of_server.received, 1);
    assert_int_equal(of_server.sent, 6);
    assert_int_equal(of_caller.ends, 1);
    assert_int_equal(of_caller.code, GRILLE_CANCELLED);
    assert_int_equal(of_server.code, GRILLE_CANCELLED);
}

static void a_reverse_call_is_seen_by_the_same_lists(void **state) {
    grille_v1_HealthCheckRequest request = {0};
    grille_own_grille_v1_health_check_reply reply;
    grille_stats *stats = NULL;
    (void)state;
    assert_non_null(to_caller);
    assert_int_equal(grille_own_grille_v1_health_check(to_caller, &request, NULL, &reply), GRILLE_OK);
    grille_own_grille_v1_health_check_reply_free(&reply);
    assert_int_equal(of_server.starts, 1);
    assert_int_equal(of_server.caller_starts, 1);
    assert_int_equal(of_caller.starts, 1);
    assert_int_equal(of_caller.caller_starts, 0);
    assert_int_equal(of_server.ends + of_caller.ends, 2);
    assert_int_equal(grille_server_get_stats(pair.server, &stats), GRILLE_OK);
    assert_int_equal(stats->made.ended[GRILLE_OK], 1);
    assert_int_equal(stats->served.started, 0);
    grille_stats_free(stats);
    assert_int_equal(grille_channel_get_stats(pair.channel, &stats), GRILLE_OK);
    assert_int_equal(stats->served.ended[GRILLE_OK], 1);
    grille_stats_free(stats);
    assert_int_equal(grille_channel_get_stats(to_caller, &stats), GRILLE_OK);
    assert_int_equal(stats->made.ended[GRILLE_OK], 1);
    grille_stats_free(stats);
}

/* ---- counters ---- */

static void both_ends_count_the_same(void **state) {
    grille_reply reply;
    grille_stats *caller = NULL, *server = NULL;
    (void)state;
    for (int at = 0; at < 20; at++) {
        assert_int_equal(call(&e2e_methods[at % 2 == 0 ? E2E_ECHO : E2E_WORK], "12345", &reply), GRILLE_OK);
        grille_reply_free(&reply);
    }
    assert_int_equal(call(&e2e_methods[E2E_ECHO], "fail:5", &reply), GRILLE_NOT_FOUND);
    grille_reply_free(&reply);
    assert_int_equal(grille_channel_get_stats(pair.channel, &caller), GRILLE_OK);
    assert_int_equal(grille_server_get_stats(pair.server, &server), GRILLE_OK);
    assert_int_equal(caller->made.started, 21);
    assert_int_equal(server->served.started, 21);
    assert_int_equal(caller->made.ended[GRILLE_OK], 20);
    assert_int_equal(server->served.ended[GRILLE_NOT_FOUND], 1);
    assert_int_equal(caller->made.bytes_sent, server->served.bytes_received);
    assert_int_equal(caller->made.bytes_received, server->served.bytes_sent);
    assert_int_equal(caller->made.in_flight + server->served.in_flight, 0);
    assert_true(grille_latency_us(&caller->made, 500) > 0);
    assert_int_equal(caller->method_count, 2);
    assert_int_equal(caller->connections_accepted, 1);
    assert_int_equal(server->connections_accepted, 1);
    assert_int_equal(server->connection_count, 1);
    assert_string_equal(server->connections[0].set, "them");
    assert_int_equal(server->rejected_count, 0);
    grille_stats_free(caller);
    grille_stats_free(server);
}

static void refused_peers_are_counted_by_reason(void **state) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_stats *stats = NULL;
    grille_error error;
    uint64_t refused = 0;
    (void)state;
    options.policy = services_world.trusts_gateway;
    options.identity = services_world.stranger;
    assert_int_equal(grille_channel_open("inproc:interceptors", &options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_wait_ready(channel, 20000, &error), GRILLE_UNAUTHENTICATED);
    assert_int_equal(grille_channel_get_stats(channel, &stats), GRILLE_OK);
    assert_true(stats->rejected_count >= 1);
    assert_int_equal(stats->connections_rejected[0].reason, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    grille_stats_free(stats);
    grille_channel_close(channel);
    assert_int_equal(grille_server_get_stats(pair.server, &stats), GRILLE_OK);
    assert_true(stats->refused[GRILLE_REFUSED_EVIDENCE] >= 1);
    for (size_t at = 0; at < stats->rejected_count; at++)
        refused += strncmp(grille_reason_name(stats->connections_rejected[at].reason), "ATTEST-", 7) == 0;
    assert_int_equal(refused, 1);
    grille_stats_free(stats);
}

int main(int count, char **arguments) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_unary_call_is_seen_once_at_each_end),
        CASE(what_either_end_changes_arrives_at_the_other),
        CASE(either_end_refuses_and_no_handler_runs),
        CASE(retries_are_one_call),
        CASE(a_stream_is_seen_message_by_message),
        CASE(a_reverse_call_is_seen_by_the_same_lists),
        CASE(both_ends_count_the_same),
        CASE(refused_peers_are_counted_by_reason),
    };
    (void)count;
    services_arguments(arguments);
    return cmocka_run_group_tests(tests, services_set_up, services_tear_down);
}
