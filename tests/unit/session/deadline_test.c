/* SPDX-License-Identifier: Apache-2.0
 * The heap against a search of all, with random deadlines set, moved and cleared. */
#include <stdlib.h>

#include "cmocka_all.h"
#include "prng.h"
#include "session/private.h"

enum { STREAMS = 100 };

static grille_time_us earliest(const grille_stream *streams) {
    grille_time_us least = GRILLE_TIME_NEVER;
    for (size_t i = 0; i < STREAMS; i++) {
        if (streams[i].heap_index != GRILLE_NO_HEAP_INDEX && streams[i].deadline_us < least) {
            least = streams[i].deadline_us;
        }
    }
    return least;
}

static void first_is_the_earliest(void **state) {
    grille_session *session = calloc(1, sizeof *session);
    grille_stream *streams = calloc(STREAMS, sizeof *streams);
    uint64_t random = 7;
    (void)state;
    assert_true(session != NULL && streams != NULL);
    grille_budget_init(&session->call_budget, 1 << 20);
    assert_true(grille_deadlines_reserve(session, STREAMS / 2));
    assert_true(grille_deadlines_reserve(session, STREAMS));
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i].session = session;
        streams[i].heap_index = GRILLE_NO_HEAP_INDEX;
    }
    for (int turn = 0; turn < 50000; turn++) {
        grille_stream *stream = &streams[prng_below(&random, STREAMS)];
        const grille_stream *first = NULL;
        if (prng_below(&random, 3) == 0) {
            grille_deadline_clear(stream);
        } else {
            grille_deadline_set(stream, prng_below(&random, 1000));
        }
        first = grille_deadline_first(session);
        assert_true((first == NULL ? GRILLE_TIME_NEVER : first->deadline_us) == earliest(streams));
    }
    for (size_t i = 0; i < STREAMS; i++)
        grille_deadline_clear(&streams[i]);
    assert_null(grille_deadline_first(session));
    grille_deadline_set(&streams[0], GRILLE_TIME_NEVER);
    assert_null(grille_deadline_first(session));
    grille_budget_free(&session->call_budget, session->heap, session->heap_capacity * sizeof *session->heap);
    assert_int_equal(session->call_budget.used_bytes, 0);
    free(streams);
    free(session);
}

static void memory_is_charged(void **state) {
    grille_session *session = calloc(1, sizeof *session);
    (void)state;
    assert_non_null(session);
    grille_budget_init(&session->call_budget, 100);
    assert_false(grille_deadlines_reserve(session, 100));
    assert_int_equal(session->heap_capacity, 0);
    free(session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_is_the_earliest),
        cmocka_unit_test(memory_is_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
