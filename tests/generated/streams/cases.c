/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <string.h>

#include "cmocka_all.h"

enum { FORMS = 2 };
static const char *const forms[FORMS] = {"blocking", "callbacks"};

unsigned streams_ended(const streams_counts *counts) {
    unsigned sum = atomic_load(&counts->returns);
    for (size_t why = 0; why <= GRILLE_CALL_END_BROKEN; why++)
        sum += atomic_load(&counts->ends[why]);
    return sum;
}

/* Calls in one form and waits until it is over here. */
static void call(const streams_pairing *with, const streams_plan *plan, size_t form, streams_outcome *of) {
    streams_outcome_init(of, plan);
    if (form == 0) {
        with->caller->call(with->channel, of);
    } else {
        with->caller->open(with->channel, of);
        if (of->started != GRILLE_OK) fail_msg("%s", grille_code_name(of->started));
        if (plan->pauses) {
            with->wait_pause(of);
            assert_int_equal(of->received, 1);
            with->caller->resume(of);
        }
        with->wait(of);
        assert_int_equal(atomic_load(&of->dones), 1);
    }
    assert_int_equal(of->wrong, 0);
}

/* Calls before this one have reached their handlers when this one is over: then all of them end there. */
static void settle(const streams_pairing *with) {
    streams_outcome of;
    call(with, &STREAMS_PLAN(.kind = STREAMS_COLLECT), 0, &of);
    assert_int_equal(of.code, GRILLE_OK);
    streams_outcome_deinit(&of);
    assert_true(with->wait_ends(with->counts));
    assert_int_equal(atomic_load(&with->counts->wrong), 0);
}

static void expect_code(const streams_outcome *of, grille_code code, size_t form) {
    if (of->code != code) fail_msg("%s: %s: %s", forms[form], grille_code_name(of->code), of->message);
}

static void expect_all(const streams_outcome *of, size_t form) {
    const streams_plan *plan = &of->plan;
    expect_code(of, GRILLE_OK, form);
    assert_string_equal(of->message, "");
    assert_string_equal(of->told, "header");
    assert_string_equal(of->trailer, "trailer");
    assert_int_equal(of->sent, plan->kind == STREAMS_SPREAD ? 0 : plan->count);
    assert_int_equal(of->received, plan->kind == STREAMS_COLLECT ? 0 : plan->count);
    if (form == 1) assert_int_equal(atomic_load(&of->headers), 1);
    if (form == 1) assert_int_equal(atomic_load(&of->agains), atomic_load(&of->writables));
    if (plan->kind != STREAMS_COLLECT) return;
    assert_int_equal(of->sum_count, plan->count);
    assert_int_equal(of->sum_wrong, 0);
    assert_true(of->sum_bytes == (uint64_t)plan->count * plan->bytes);
}

#define EACH(kind, offload, form)                                                                                      \
    for (streams_kind kind = STREAMS_COLLECT; kind < STREAMS_KINDS; kind++)                                            \
        for (int offload = 0; offload < 2; offload++)                                                                  \
            for (size_t form = 0; form < FORMS; form++)

static void every_kind(void **state) {
    static const struct { uint32_t count, bytes; } sizes[] = {{0, 0}, {1, 0}, {1, 100}, {3, 1}, {50, 20}};
    streams_outcome of;
    EACH(kind, offload, form) {
        for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
            const streams_plan plan =
                STREAMS_PLAN(.kind = kind, .offload = offload, .count = sizes[at].count, .bytes = sizes[at].bytes);
            call(*state, &plan, form, &of);
            expect_all(&of, form);
            streams_outcome_deinit(&of);
        }
    }
    settle(*state);
}

/* Several windows each, and so many at once that both ends wait for each other. */
static void large_messages(void **state) {
    static const struct { uint32_t count, bytes; } sizes[] = {{1, 1100000}, {60, 3000}};
    streams_outcome of;
    EACH(kind, offload, form) {
        for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
            call(*state,
                 &STREAMS_PLAN(.kind = kind, .offload = offload, .count = sizes[at].count, .bytes = sizes[at].bytes),
                 form, &of);
            expect_all(&of, form);
            streams_outcome_deinit(&of);
        }
    }
    settle(*state);
}

static void a_paused_caller(void **state) {
    streams_outcome of;
    EACH(kind, offload, form) {
        if (kind == STREAMS_COLLECT || form == 0) continue;
        call(*state, &STREAMS_PLAN(.kind = kind, .offload = offload, .count = 40, .bytes = 10000, .pauses = true), form,
             &of);
        expect_all(&of, form);
        assert_int_equal(atomic_load(&of.pauses), 1);
        streams_outcome_deinit(&of);
    }
    settle(*state);
}

static void a_caller_that_cancels(void **state) {
    const streams_pairing *with = *state;
    streams_outcome of;
    EACH(kind, offload, form) {
        call(with, &STREAMS_PLAN(.kind = kind, .offload = offload, .count = 2000, .bytes = 1000, .cancel_at = 3), form,
             &of);
        expect_code(&of, GRILLE_CANCELLED, form);
        assert_true(of.sent < 2000 || kind == STREAMS_SPREAD);
        assert_true(of.received < 2000);
        streams_outcome_deinit(&of);
    }
    settle(*state);
}

/* A blocking caller may leave before the last message. */
static void a_caller_that_reads_no_more(void **state) {
    streams_outcome of;
    for (int offload = 0; offload < 2; offload++) {
        call(*state, &STREAMS_PLAN(.kind = STREAMS_SPREAD, .offload = offload, .count = 30, .bytes = 10, .stop_at = 2),
             0, &of);
        expect_code(&of, GRILLE_OK, 0);
        assert_int_equal(of.received, 2);
        streams_outcome_deinit(&of);
        call(*state, &STREAMS_PLAN(.kind = STREAMS_CHAT, .offload = offload, .count = 30, .bytes = 10, .stop_at = 2), 0,
             &of);
        expect_code(&of, GRILLE_OK, 0);
        streams_outcome_deinit(&of);
    }
    settle(*state);
}

static void a_handler_that_fails(void **state) {
    streams_outcome of;
    for (int offload = 0; offload < 2; offload++) {
        for (size_t form = 0; form < FORMS; form++) {
            const streams_plan plan = STREAMS_PLAN(.kind = STREAMS_SPREAD, .offload = offload, .count = 5, .bytes = 10,
                                                   .code = GRILLE_DATA_LOSS);
            call(*state, &plan, form, &of);
            expect_code(&of, GRILLE_DATA_LOSS, form);
            assert_string_equal(of.message, "as planned after 5");
            assert_string_equal(of.told, "header");
            assert_string_equal(of.trailer, "trailer");
            assert_int_equal(of.received, 5);
            if (form == 0) assert_int_equal(of.last, GRILLE_END_OF_STREAM);
            streams_outcome_deinit(&of);
        }
    }
    settle(*state);
}

static void handlers_that_are_null(void **state) {
    const streams_pairing *with = *state;
    unsigned opens = atomic_load(&with->counts->opens);
    streams_outcome of;
    EACH(kind, offload, form) {
        call(with, &STREAMS_PLAN(.kind = kind, .offload = offload, .nobody = true, .count = 2), form, &of);
        expect_code(&of, GRILLE_UNIMPLEMENTED, form);
        assert_non_null(strstr(of.message, "Nobody"));
        assert_non_null(strstr(of.message, " is not implemented here"));
        streams_outcome_deinit(&of);
    }
    assert_int_equal(atomic_load(&with->counts->opens), opens);
    settle(*state);
}

static void a_deferred_answer(void **state) {
    const streams_pairing *with = *state;
    static const grille_code codes[] = {GRILLE_OK, GRILLE_ABORTED};
    for (size_t at = 0; at < sizeof codes / sizeof *codes; at++) {
        streams_outcome of;
        streams_outcome_init(&of, &STREAMS_PLAN(.count = 41, .bytes = 2, .code = codes[at]));
        with->caller->later(with->channel, &of);
        expect_code(&of, codes[at], 0);
        if (codes[at] == GRILLE_OK) {
            assert_int_equal(of.sum_count, 41);
            assert_true(of.sum_bytes == (uint64_t)2 << 32);
            assert_int_equal(of.sum_wrong, 0);
        } else {
            assert_string_equal(of.message, "as planned, later");
        }
        streams_outcome_deinit(&of);
        atomic_fetch_add(&with->counts->opens, 1);
    }
    settle(*state);
}

/* A stream that never began has a reply too. */
static void no_channel_for_it(void **state) {
    static const grille_call_options none = {.timeout_ms = 1000};
    const streams_pairing *with = *state;
    streams_outcome of;
    for (streams_kind kind = STREAMS_COLLECT; kind < STREAMS_KINDS; kind++) {
        streams_outcome_init(&of, &STREAMS_PLAN(.kind = kind, .count = 1, .options = &none));
        with->caller->call(with->channel, &of);
        assert_int_equal(of.started, GRILLE_INVALID_ARGUMENT);
        expect_code(&of, GRILLE_CANCELLED, 0);
        streams_outcome_deinit(&of);
        streams_outcome_init(&of, &STREAMS_PLAN(.kind = kind, .count = 1, .options = &none));
        with->caller->open(with->channel, &of);
        assert_int_equal(of.started, GRILLE_INVALID_ARGUMENT);
        assert_int_equal(atomic_load(&of.dones), 0);
        streams_outcome_deinit(&of);
    }
}

const streams_case streams_cases[] = {
    {"every kind", every_kind},
    {"large messages", large_messages},
    {"a paused caller", a_paused_caller},
    {"a caller that cancels", a_caller_that_cancels},
    {"a caller that reads no more", a_caller_that_reads_no_more},
    {"a handler that fails", a_handler_that_fails},
    {"handlers that are NULL", handlers_that_are_null},
    {"a deferred answer", a_deferred_answer},
    {"options without size", no_channel_for_it},
};
const size_t streams_case_count = sizeof streams_cases / sizeof *streams_cases;
