/* SPDX-License-Identifier: Apache-2.0
 * Goal: what is counted is what happened, by method and in total, from any number of threads; a snapshot of several
 * tables is their sum; latency buckets leave no gap. */
#include "rpc/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/turn.h"

static const grille_method first = {.path = "/t.S/First", .id = 5};
/* In the same chain. */
static const grille_method second = {.path = "/t.S/Second", .id = 5 + GRILLE_STATS_CHAINS};

static void latency_buckets_leave_no_gap(void **state) {
    grille_stats_table table;
    grille_stats_table *tables[] = {&table};
    grille_method_counters *counters = NULL;
    uint64_t begin = 0;
    (void)state;
    grille_stats_table_init(&table, 0, 1);
    counters = grille_stats_method(&table, &first, true);
    for (size_t bucket = 0; bucket < GRILLE_LATENCY_BUCKETS; bucket++) {
        uint64_t end = grille_latency_bucket_end_us(bucket);
        assert_true(end > begin);
        /* The first and the last microsecond of each bucket are in it, and in no other. */
        grille_stats_call_ended(counters, GRILLE_OK, begin);
        grille_stats_call_ended(counters, GRILLE_OK, end - 1);
        begin = end;
    }
    assert_true(begin == UINT64_MAX);
    assert_true(grille_latency_bucket_end_us(GRILLE_LATENCY_BUCKETS - 2) > 60u * 1000 * 1000);
    grille_stats *stats = NULL;
    assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
    for (size_t bucket = 0; bucket < GRILLE_LATENCY_BUCKETS; bucket++)
        assert_int_equal(stats->made.latency_us[bucket], 2);
    grille_stats_free(stats);
    grille_stats_table_deinit(&table);
}

static void latency_is_within_a_quarter(void **state) {
    (void)state;
    for (uint64_t us = 1; us < 50u * 1000 * 1000; us = us * 21 / 16 + 1) {
        grille_call_stats calls = {0};
        grille_stats_table table;
        grille_stats_table *tables[] = {&table};
        grille_stats *stats = NULL;
        grille_stats_table_init(&table, 0, 1);
        grille_stats_call_ended(grille_stats_method(&table, &first, true), GRILLE_OK, us);
        assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
        calls = stats->made;
        uint64_t told = grille_latency_us(&calls, 500);
        assert_true(told > us && told <= us + us / 4 + 1);
        assert_int_equal(grille_latency_us(&calls, 0), told);
        assert_int_equal(grille_latency_us(&calls, 1000), told);
        grille_stats_free(stats);
        grille_stats_table_deinit(&table);
    }
}

static void percentiles(void **state) {
    grille_call_stats calls = {0};
    (void)state;
    assert_int_equal(grille_latency_us(&calls, 500), 0);
    calls.latency_us[1] = 989;
    calls.latency_us[8] = 10;
    calls.latency_us[GRILLE_LATENCY_BUCKETS - 1] = 1;
    assert_int_equal(grille_latency_us(&calls, 500), 2);
    assert_int_equal(grille_latency_us(&calls, 989), 2);
    assert_int_equal(grille_latency_us(&calls, 990), grille_latency_bucket_end_us(8));
    assert_true(grille_latency_us(&calls, 1000) == UINT64_MAX);
}

static void calls_are_counted_by_method_and_in_total(void **state) {
    grille_stats_table tables_of[2];
    grille_stats_table *tables[] = {&tables_of[0], &tables_of[1]};
    grille_stats *stats = NULL;
    (void)state;
    for (size_t at = 0; at < 2; at++) {
        grille_stats_table_init(tables[at], at, 2);
        grille_method_counters *served = grille_stats_method(tables[at], &first, false);
        grille_method_counters *made = grille_stats_method(tables[at], &second, true);
        assert_non_null(served);
        assert_ptr_equal(served, grille_stats_method(tables[at], &first, false));
        assert_ptr_not_equal(served, made);
        grille_stats_call_started(served);
        grille_stats_call_started(served);
        grille_stats_message_received(served, 10);
        grille_stats_message_sent(served, 3);
        grille_stats_message_sent(served, 4);
        grille_stats_call_ended(served, GRILLE_NOT_FOUND, 100);
        grille_stats_call_started(made);
        grille_stats_call_ended(made, GRILLE_WOULD_DEADLOCK, 5);
    }
    /* The same method as caller is another row. */
    assert_non_null(grille_stats_method(tables[1], &first, true));
    assert_int_equal(grille_stats_take(tables, 2, 0, &stats), GRILLE_REASON_OK);
    assert_int_equal(stats->method_count, 3);
    assert_int_equal(stats->served.started, 4);
    assert_int_equal(stats->served.in_flight, 2);
    assert_int_equal(stats->served.ended[GRILLE_NOT_FOUND], 2);
    assert_int_equal(stats->served.messages_received, 2);
    assert_int_equal(stats->served.bytes_received, 20);
    assert_int_equal(stats->served.messages_sent, 4);
    assert_int_equal(stats->served.bytes_sent, 14);
    assert_int_equal(stats->served.latency_sum_us, 200);
    assert_int_equal(stats->made.started, 2);
    assert_int_equal(stats->made.ended[GRILLE_INTERNAL], 2);
    assert_int_equal(stats->made.in_flight, 0);
    for (size_t at = 0; at < stats->method_count; at++) {
        const grille_method_stats *method = &stats->methods[at];
        if (method->method == &first && !method->is_caller) assert_int_equal(method->calls.started, 4);
        if (method->method == &first && method->is_caller) assert_int_equal(method->calls.started, 0);
        if (method->method == &second) assert_int_equal(method->calls.started, 2);
    }
    grille_stats_free(stats);
    grille_stats_table_deinit(tables[0]);
    grille_stats_table_deinit(tables[1]);
}

static void refusals_and_handshakes_have_reasons(void **state) {
    grille_stats_table table;
    grille_stats_table *tables[] = {&table};
    grille_stats *stats = NULL;
    (void)state;
    grille_stats_table_init(&table, 0, 1);
    grille_stats_refused(&table, GRILLE_REFUSED_UNAUTHORIZED);
    grille_stats_refused(&table, GRILLE_REFUSED_LIMIT);
    grille_stats_handshake(&table, GRILLE_REASON_OK);
    grille_stats_handshake(&table, GRILLE_REASON_ATTEST_KIND_REFUSED);
    grille_stats_handshake(&table, GRILLE_REASON_ATTEST_KIND_REFUSED);
    grille_stats_handshake(&table, GRILLE_REASON_GATE_DEADLINE);
    grille_stats_handshake(&table, (grille_reason)100000);
    assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
    assert_int_equal(stats->refused[GRILLE_REFUSED_UNAUTHORIZED], 1);
    assert_int_equal(stats->refused[GRILLE_REFUSED_UNIMPLEMENTED], 0);
    assert_int_equal(stats->refused[GRILLE_REFUSED_LIMIT], 1);
    assert_int_equal(stats->refused[GRILLE_REFUSED_EVIDENCE], 2);
    assert_int_equal(stats->connections_accepted, 1);
    assert_int_equal(stats->rejected_count, 3);
    uint64_t sum = 0;
    for (size_t at = 0; at < stats->rejected_count; at++)
        sum += stats->connections_rejected[at].count;
    assert_int_equal(sum, 4);
    grille_stats_free(stats);
    for (int at = 0; at < GRILLE_REFUSAL_COUNT; at++)
        assert_string_not_equal(grille_refusal_name((grille_refusal)at), "unknown");
    assert_string_equal(grille_refusal_name((grille_refusal)GRILLE_REFUSAL_COUNT), "unknown");
    grille_stats_table_deinit(&table);
}

static void connections_are_listed_while_they_are_open(void **state) {
    grille_stats_table a, b;
    grille_stats_table *tables[] = {&a, &b};
    grille_connection_counters one = {.set = "ones", .since_us = 1000}, two = {.set = "twos", .since_us = 5000};
    grille_stats *stats = NULL;
    (void)state;
    grille_stats_table_init(&a, 0, 2);
    grille_stats_table_init(&b, 1, 2);
    grille_list_init(&one.link);
    grille_list_init(&two.link);
    grille_stats_add_connection(&a, &one);
    grille_stats_add_connection(&b, &two);
    assert_int_equal(one.number, 1);
    assert_int_equal(two.number, 2);
    atomic_store(&two.holder_stream, 7);
    atomic_store(&two.holder_bytes, 512);
    assert_int_equal(grille_stats_take(tables, 2, 4000, &stats), GRILLE_REASON_OK);
    assert_int_equal(stats->connection_count, 2);
    assert_string_equal(stats->connections[0].set, "ones");
    assert_int_equal(stats->connections[0].age_ms, 3);
    assert_int_equal(stats->connections[1].age_ms, 0);
    assert_int_equal(stats->connections[1].holder_stream, 7);
    assert_int_equal(stats->connections[1].holder_bytes, 512);
    grille_stats_free(stats);
    grille_stats_remove_connection(&a, &one);
    grille_stats_add_connection(&a, &one);
    assert_int_equal(one.number, 3);
    grille_stats_remove_connection(&a, &one);
    grille_stats_remove_connection(&b, &two);
    grille_stats_remove_connection(&b, &two);
    assert_int_equal(grille_stats_take(tables, 2, 0, &stats), GRILLE_REASON_OK);
    assert_int_equal(stats->connection_count, 0);
    grille_stats_free(stats);
    grille_stats_table_deinit(&a);
    grille_stats_table_deinit(&b);
}

static void without_a_table_nothing_is_counted(void **state) {
    grille_connection_counters connection = {0};
    (void)state;
    assert_null(grille_stats_method(NULL, &first, true));
    grille_stats_call_started(NULL);
    grille_stats_call_ended(NULL, GRILLE_OK, 1);
    grille_stats_message_sent(NULL, 1);
    grille_stats_message_received(NULL, 1);
    grille_stats_refused(NULL, GRILLE_REFUSED_LIMIT);
    grille_stats_handshake(NULL, GRILLE_REASON_OK);
    grille_stats_add_connection(NULL, &connection);
    grille_stats_remove_connection(NULL, &connection);
    grille_stats_free(NULL);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000, METHODS = 8 };

static grille_method many[METHODS];
static grille_stats_table shared;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char loop, other_loop;

/* As a loop does: one thread at a time. */
static void begin_turn(const void *of) {
    pthread_mutex_lock(&turn);
    grille_turn_of = of;
}

static void end_turn(void) {
    grille_turn_of = NULL;
    pthread_mutex_unlock(&turn);
}

/* Inside the loop's turns, inside another's and outside of any; a call may end elsewhere than it started. */
static void *count_on(void *user) {
    (void)user;
    for (int round = 0; round < ROUNDS; round++) {
        grille_method_counters *counters = grille_stats_method(&shared, &many[round % METHODS], false);
        if (round % 3 == 1) begin_turn(&loop);
        grille_stats_call_started(counters);
        if (round % 3 == 1 && round % 2 == 0) end_turn();
        if (round % 3 == 2) begin_turn(round % 2 == 0 ? &loop : &other_loop);
        grille_stats_message_sent(counters, 2);
        grille_stats_message_received(counters, 3);
        grille_stats_call_ended(counters, GRILLE_OK, (uint64_t)round);
        if (grille_turn_of != NULL) end_turn();
    }
    return NULL;
}

static void threads_lose_no_count(void **state) {
    grille_stats_table *tables[] = {&shared};
    pthread_t threads[THREADS];
    grille_stats *stats = NULL;
    (void)state;
    grille_stats_table_init(&shared, 0, 1);
    grille_stats_table_set_loop(&shared, &loop);
    for (uint32_t at = 0; at < METHODS; at++)
        many[at].id = at % 3;
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, count_on, NULL), 0);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
        assert_true(stats->served.started <= THREADS * ROUNDS);
        grille_stats_free(stats);
    }
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
    assert_int_equal(stats->method_count, METHODS);
    assert_int_equal(stats->served.started, THREADS * ROUNDS);
    assert_int_equal(stats->served.ended[GRILLE_OK], THREADS * ROUNDS);
    assert_int_equal(stats->served.messages_sent, THREADS * ROUNDS);
    assert_int_equal(stats->served.bytes_sent, 2 * THREADS * ROUNDS);
    assert_int_equal(stats->served.bytes_received, 3 * THREADS * ROUNDS);
    assert_int_equal(stats->served.latency_sum_us, THREADS * (ROUNDS * (ROUNDS - 1) / 2));
    assert_int_equal(stats->served.in_flight, 0);
    grille_stats_free(stats);
    grille_stats_table_deinit(&shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_buckets_leave_no_gap),
        cmocka_unit_test(latency_is_within_a_quarter),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(calls_are_counted_by_method_and_in_total),
        cmocka_unit_test(refusals_and_handshakes_have_reasons),
        cmocka_unit_test(connections_are_listed_while_they_are_open),
        cmocka_unit_test(without_a_table_nothing_is_counted),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
