/* SPDX-License-Identifier: Apache-2.0
 * Every kind of stream, in both forms, on loop and worker, between both message libraries, through a runtime that has
 * no connection. */
#include <stdio.h>

#include "cases.h"
#include "cmocka_all.h"
#include "fake_runtime.h"

enum { LIBRARIES = 2, PAIRINGS = 4, MOST_CASES = 16 };

static streams_counts counts;

static void wait_done(streams_outcome *of) {
    fake_run();
    assert_int_equal(sem_trywait(&of->done), 0);
}

static void wait_pause(streams_outcome *of) {
    fake_run();
    assert_true(atomic_load(&of->paused));
    assert_int_equal(atomic_load(&of->dones), 0);
}

static bool wait_ends(streams_counts *of) {
    fake_run();
    return streams_ended(of) == atomic_load(&of->opens);
}

/* The runtime has one server; so each test registers anew, every second one on a set of services. */
static int start(void **state) {
    static const streams_caller *const callers[LIBRARIES] = {&streams_caller_pb, &streams_caller_nano};
    static streams_serve_fn *const serve[LIBRARIES] = {streams_serve_pb, streams_serve_nano};
    static streams_pairing pairing = {
        .counts = &counts, .wait = wait_done, .wait_pause = wait_pause, .wait_ends = wait_ends};
    size_t which = (size_t)(uintptr_t)*state;
    grille_error error;
    fake_reset();
    counts = (streams_counts){.answers_in_handler = true};
    pairing.caller = callers[which % LIBRARIES];
    pairing.channel = fake_channel();
    *state = &pairing;
    return serve[which / LIBRARIES](which % 2 ? fake_server() : NULL, fake_services(), &counts, &error) != GRILLE_OK;
}

static int stop(void **state) {
    int held = fake_streams_held() + fake_replies_held();
    (void)state;
    fake_reset();
    return held != 0;
}

int main(void) {
    static const char *const libraries[LIBRARIES] = {"protobuf-c", "nanopb"};
    static char names[PAIRINGS * MOST_CASES][96];
    struct CMUnitTest tests[PAIRINGS * MOST_CASES];
    size_t count = 0;
    for (size_t which = 0; which < PAIRINGS; which++)
        for (size_t at = 0; at < streams_case_count && at < MOST_CASES; at++, count++) {
            (void)snprintf(names[count], sizeof names[count], "%s to %s: %s", libraries[which % LIBRARIES],
                           libraries[which / LIBRARIES], streams_cases[at].name);
            tests[count] =
                (struct CMUnitTest){names[count], streams_cases[at].run, start, stop, (void *)(uintptr_t)which};
        }
    return _cmocka_run_group_tests("streams", tests, count, NULL, NULL);
}
