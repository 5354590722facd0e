/* SPDX-License-Identifier: Apache-2.0
 * Every kind of stream, in both forms, on loop and worker, between both message libraries, over attested connections.
 */
#include <stdio.h>
#include <unistd.h>

#include "cases.h"
#include "cmocka_all.h"
#include "party.h"

enum { LIBRARIES = 2, PAIRINGS = 6, MOST_CASES = 16, TRIES = 20000, TRY_US = 1000 };

static void wait_done(streams_outcome *of) {
    assert_int_equal(sem_wait(&of->done), 0);
}

static void wait_pause(streams_outcome *of) {
    for (int tries = 0; tries < TRIES && !atomic_load(&of->paused); tries++)
        (void)usleep(TRY_US);
    assert_true(atomic_load(&of->paused));
    assert_int_equal(atomic_load(&of->dones), 0);
}

static bool wait_ends(streams_counts *counts) {
    for (int tries = 0; tries < TRIES && streams_ended(counts) != atomic_load(&counts->opens); tries++)
        (void)usleep(TRY_US);
    return streams_ended(counts) == atomic_load(&counts->opens);
}

static int run_all(streams_pairing pairings[PAIRINGS]) {
    static char names[PAIRINGS * MOST_CASES][128];
    static struct CMUnitTest tests[PAIRINGS * MOST_CASES];
    size_t count = 0;
    for (size_t pair = 0; pair < PAIRINGS; pair++)
        for (size_t at = 0; at < streams_case_count && at < MOST_CASES; at++, count++) {
            (void)snprintf(names[count], sizeof names[count], "%s: %s", pairings[pair].name, streams_cases[at].name);
            tests[count] = (struct CMUnitTest){
                .name = names[count], .test_func = streams_cases[at].run, .initial_state = &pairings[pair]};
        }
    return _cmocka_run_group_tests("streams", tests, count, NULL, NULL);
}

int main(int argc, char **argv) {
    static const streams_caller *const callers[LIBRARIES] = {&streams_caller_pb, &streams_caller_nano};
    static streams_serve_fn *const serve[LIBRARIES] = {streams_serve_pb, streams_serve_nano};
    static streams_counts counts[LIBRARIES];
    static streams_pairing pairings[PAIRINGS];
    grille_server *servers[LIBRARIES];
    grille_error error;
    party parties;
    if (argc != 2) return 2;
    party_init(&parties, argv[1], "/test.streams.Streams/*");
    for (size_t at = 0; at < LIBRARIES; at++) {
        servers[at] = party_server(&parties);
        party_check(serve[at](at == 0 ? servers[at] : NULL, grille_server_services(servers[at]), &counts[at], &error),
                    &error);
        party_serve(&parties, servers[at], at == 0 ? "pb" : "nano");
    }
    for (size_t at = 0; at < PAIRINGS; at++) {
        bool tcp = at >= LIBRARIES * LIBRARIES; /* there from each library to the other */
        size_t caller = at % LIBRARIES, server = tcp ? 1 - caller : at / LIBRARIES;
        pairings[at] = (streams_pairing){.caller = callers[caller],
                                         .counts = &counts[server],
                                         .wait = wait_done,
                                         .wait_pause = wait_pause,
                                         .wait_ends = wait_ends};
        (void)snprintf(pairings[at].name, sizeof pairings[at].name, "%s to %s over %s", callers[caller]->name,
                       callers[server]->name, tcp ? "tcp" : "unix");
        pairings[at].channel = party_channel(&parties, grille_server_address(servers[server], tcp ? 1 : 0));
    }
    int failed = run_all(pairings);
    for (size_t at = 0; at < PAIRINGS; at++)
        grille_channel_close(pairings[at].channel);
    for (size_t at = 0; at < LIBRARIES; at++)
        grille_server_free(servers[at]);
    party_deinit(&parties);
    return failed;
}
