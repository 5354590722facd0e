/* SPDX-License-Identifier: Apache-2.0
 * Heap calls: none for a unary call in steady state; each one may fail, in the allocator or in the budget, and then no
 * call is told twice, none is forgotten, and nothing leaks. */
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "session_pair.h"

enum { SHORT_BYTES = 1000, LONG_BYTES = 100000 };

static pair_options tolerant_options(void) {
    pair_options options = pair_options_default();
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    options.initiator.settings.max_message_bytes = 1 << 20;
    options.responder.settings.max_message_bytes = 1 << 20;
    return options;
}

static session_pair *make(void) {
    const pair_options options = tolerant_options();
    session_pair *pair = pair_new(&options);
    pair->initiator.releases = true;
    pair->responder.answers = true;
    (void)pair_bytes(1);
    return pair;
}

static grille_metadata_view some_metadata(void) {
    static uint8_t encoded[4096];
    const grille_metadata_entry entry = {grille_bytes_of("trace-bin", 9), pair_bytes(40)};
    grille_writer writer = grille_writer_into(encoded, sizeof encoded);
    grille_metadata_view view = {0};
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &view), GRILLE_REASON_OK);
    return view;
}

/* One call with metadata, a deadline and a message each way. */
static void call_once(session_pair *pair, const grille_metadata_view *metadata, size_t len) {
    const grille_call_open open = {.method_id = 7, .has_timeout = true, .timeout_us = 1000000, .metadata = *metadata};
    grille_stream *stream = NULL;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(len), GRILLE_SEND_END_STREAM), GRILLE_REASON_OK);
    pair_run(pair);
}

static void a_thousand_calls_make_no_heap_call(void **state) {
    const size_t lens[] = {0, SHORT_BYTES, LONG_BYTES};
    const grille_metadata_view metadata = some_metadata();
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        session_pair *pair = make();
        const size_t len = lens[i % 3];
        pair->piece = i / 3 * 7000; /* whole, and cut so that frames come in parts */
        call_once(pair, &metadata, len);
        failing_malloc_never();
        for (int n = 0; n < 1000; n++)
            call_once(pair, &metadata, len);
        assert_int_equal(failing_malloc_asked(), 0);
        assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1001);
        assert_true(pair->initiator.message_bytes == 1001 * len);
        pair_free(pair);
    }
}

/* Calls short and long, some given up, some with what they can't get. Returns how many were opened. */
static size_t converse(session_pair *pair) {
    const size_t lens[] = {0, 10, SHORT_BYTES, 5000, LONG_BYTES, 3, 20000, LONG_BYTES};
    const grille_metadata_view metadata = some_metadata();
    size_t opened = 0;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const grille_call_open open = {
            .method_id = 7, .has_timeout = true, .timeout_us = 5000000, .metadata = metadata};
        grille_stream *stream = NULL;
        grille_reason reason = grille_session_open(pair->initiator.session, &open, pair->now_us, &stream);
        if (reason == GRILLE_REASON_OK) {
            reason = grille_stream_send_message(stream, pair_bytes(lens[i]), GRILLE_SEND_END_STREAM);
            if (reason != GRILLE_REASON_OK) grille_stream_release(stream);
            opened += reason == GRILLE_REASON_OK ? 1 : 0;
        }
        assert_true(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_BUDGET ||
                    reason == GRILLE_REASON_SESSION_DRAINING);
        if (i % 3 == 2) pair_run(pair);
    }
    for (int i = 0; i < 2; i++) {
        pair_run(pair);
        pair_pass(pair, 6000000);
    }
    return opened;
}

/* Each call that was opened was told its end, once; whoever lost the connection lost it for want of memory. */
static void check_conversation(const session_pair *pair, size_t opened) {
    const pair_end *ends[] = {&pair->initiator, &pair->responder};
    assert_int_equal(pair->initiator.counts[PAIR_STATUS] + pair->initiator.counts[PAIR_RESET], opened);
    for (int i = 0; i < 2; i++) {
        assert_true(ends[i]->reason == GRILLE_REASON_OK || ends[i]->reason == GRILLE_REASON_BUDGET);
        assert_int_equal(grille_session_get_stats(ends[i]->session).own_streams, 0);
    }
}

static void each_allocation_may_fail(void **state) {
    size_t asked = SIZE_MAX;
    size_t failed = 0;
    (void)state;
    (void)pair_bytes(1);
    for (size_t n = 0; n <= asked; n++) {
        const size_t living = failing_malloc_living();
        session_pair *pair = make();
        size_t opened = 0;
        pair->piece = 900;
        failing_malloc_from(n);
        opened = converse(pair);
        asked = failing_malloc_asked();
        failing_malloc_never();
        check_conversation(pair, opened);
        failed += opened < 8 || pair->initiator.counts[PAIR_RESET] > 0 ? 1 : 0;
        pair_free(pair);
        assert_int_equal(failing_malloc_living(), living);
        if (n >= asked) assert_int_equal(opened, 8);
    }
    assert_in_range(failed, 10, 1000);
}

static void the_budget_may_end_anywhere(void **state) {
    (void)state;
    for (size_t room = 0; room < 900000; room += room < 30000 ? 601 : 9001) {
        session_pair *pair = make();
        size_t opened = 0;
        pair->piece = 900;
        pair->responder.budget.limit_bytes = pair->responder.budget.used_bytes + room;
        pair->initiator.budget.limit_bytes = pair->initiator.budget.used_bytes + 899999 - room;
        opened = converse(pair);
        check_conversation(pair, opened);
        assert_true(pair->responder.budget.peak_bytes <= pair->responder.budget.limit_bytes);
        pair_free(pair);
    }
}

static void making_a_session_may_fail(void **state) {
    const grille_session_events none = {0};
    grille_session_options options = grille_session_options_default();
    grille_session *session = NULL;
    grille_budget budget;
    grille_reason reason = GRILLE_REASON_BUDGET;
    (void)state;
    options.events = &none;
    options.budget = &budget;
    for (size_t n = 0; reason != GRILLE_REASON_OK; n++) {
        grille_budget_init(&budget, 1 << 20);
        failing_malloc_from(n);
        reason = grille_session_new(&options, &session);
        failing_malloc_never();
        assert_true(n < 10);
        if (reason != GRILLE_REASON_OK) assert_null(session);
        if (reason != GRILLE_REASON_OK) assert_int_equal(budget.used_bytes, 0);
    }
    grille_session_free(session);
    assert_int_equal(budget.used_bytes, 0);
}

/* Memory follows what came, not what was announced: never more than twice, and the old half while it moves. */
static void memory_is_committed_as_it_comes(void **state) {
    pair_options options = tolerant_options();
    session_pair *pair = NULL;
    size_t idle = 0;
    size_t sent = 0;
    (void)state;
    options.responder.settings.max_message_bytes = 64 << 20;
    pair = pair_new(&options);
    pair_write_settings(pair_writer(pair), NULL);
    pair_write_call(pair_writer(pair), 1, false);
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    (void)pair_take_output(pair, &pair->responder);
    idle = pair->responder.budget.used_bytes;
    pair_write_data(pair_writer(pair), 1, true, 64 << 20, pair_bytes(0), false);
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.budget.used_bytes, idle);
    for (size_t len = 1; sent < 4 << 20; len = len < 8000 ? len * 2 : 16000) {
        pair_write_data(pair_writer(pair), 1, false, 0, pair_bytes(len), false);
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
        (void)pair_take_output(pair, &pair->responder);
        sent += len;
        assert_true(pair->responder.budget.used_bytes - idle <= 2 * sent + 64);
        assert_true(pair->responder.budget.peak_bytes - idle <= 3 * sent + 64);
    }
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_calls_make_no_heap_call), cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_budget_may_end_anywhere),        cmocka_unit_test(making_a_session_may_fail),
        cmocka_unit_test(memory_is_committed_as_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
