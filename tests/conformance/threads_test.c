/* SPDX-License-Identifier: Apache-2.0
 * Goal: eight threads block on one dialled channel with calls of every kind, while others of their own run
 * asynchronously, are cancelled or run out of time, and keepalive goes on: each has what it would have alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmocka_all.h"
#include "party.h"
#include "prng.h"

enum { THREADS = 8, CASES = 40, KEEPALIVE_MS = 20 };

static const conf_table *const tables[] = {&conf_basic, &conf_errors, &conf_cancellation, &conf_deadlines,
                                           &conf_metadata};

static const char *grille_program;
static conf_server served;

typedef struct caller {
    grille_channel *channel;
    pthread_t thread;
    uint64_t random;
    unsigned played;
    char complaint[512];
} caller;

/* A unary call that is left open is given back by whoever waits for its end: not here. */
static bool fits(const conf_case *one) {
    return one->method != CONF_UNARY || one->script == NULL || strcmp(one->script, "w") != 0;
}

static const conf_case *draw(uint64_t *random) {
    for (;;) {
        const conf_table *table = tables[prng_below(random, sizeof tables / sizeof tables[0])];
        const conf_case *one = &table->cases[prng_below(random, table->count)];
        if (fits(one)) return one;
    }
}

static void judge(caller *own, const conf_case *one, const conf_outcome *got) {
    const bool same =
        got->code == one->code && !got->wrong_payload && (one->code != GRILLE_OK || got->responses == one->responses);
    if (same || own->complaint[0] != '\0') return;
    (void)snprintf(own->complaint, sizeof own->complaint, "%s: %s with %u responses: %.300s", one->name,
                   grille_code_name(got->code), got->responses, got->message);
}

static void *call_on(void *argument) {
    caller *own = argument;
    conf_outcome *got = calloc(1, sizeof *got);
    while (own->played < CASES && own->complaint[0] == '\0') {
        const conf_codec *codec = prng_below(&own->random, 2) == 0 ? &conf_protobuf_c : &conf_nanopb;
        const conf_form form = prng_below(&own->random, 4) == 0 ? CONF_ASYNC : CONF_BLOCKING;
        const conf_case *one = draw(&own->random);
        if (!conf_plays(one, form)) continue;
        if (!conf_run(own->channel, codec, &served, one, form, got)) {
            (void)snprintf(own->complaint, sizeof own->complaint, "%s: nothing came for a minute", one->name);
        }
        judge(own, one, got);
        own->played++;
    }
    free(got);
    return NULL;
}

static grille_channel *open_channel(const party *parties, const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = parties->client_policy;
    options.identity = parties->client_identity;
    options.keepalive_interval_ms = KEEPALIVE_MS;
    party_check(grille_channel_open(address, &options, &channel, &error), &error);
    return channel;
}

static void play(const party *parties, const char *address) {
    static caller callers[THREADS];
    grille_channel *channel = open_channel(parties, address);
    memset(callers, 0, sizeof callers);
    for (int i = 0; i < THREADS; i++) {
        callers[i].channel = channel;
        callers[i].random = (uint64_t)i + 1;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_on, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        if (callers[i].complaint[0] != '\0') fail_msg("thread %d: %s", i, callers[i].complaint);
        assert_int_equal(callers[i].played, CASES);
    }
    grille_channel_close(channel);
}

static void eight_threads_share_a_channel(void **state) {
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_error error;
    party parties;
    (void)state;
    party_init(&parties, grille_program, "/test.conformance.Conformance/*\", \"/test.conformance.Unregistered/*");
    options.policy = parties.server_policy;
    options.identity = parties.server_identity;
    options.loops = 2;
    options.keepalive_interval_ms = KEEPALIVE_MS;
    party_check(grille_server_new(&options, &server, &error), &error);
    party_check(conf_serve(&served, &conf_nanopb, grille_server_services(server), &error), &error);
    party_check(grille_server_listen(server, "inproc:threads", &error), &error);
    party_serve(&parties, server, "threads");
    play(&parties, grille_server_address(server, 0));
    play(&parties, grille_server_address(server, 1));
    grille_server_free(server);
    party_deinit(&parties);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(eight_threads_share_a_channel)};
    if (argc != 2) return 2;
    grille_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
