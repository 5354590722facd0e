/* SPDX-License-Identifier: Apache-2.0
 * Goal: trust changes under connections that stand. Another policy decides at once about whoever is
 * connected; another identity is shown without a restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/certificate.h"
#include "crypto/pem.h"
#include "in_process.h"
#include "traffic.h"

static const char *grille_program, *server_program;
static e2e_world w;

/* ---- Helpers ---- */

static grille_policy *parse(const char *text) {
    grille_policy *policy = NULL;
    grille_error error;
    if (grille_policy_parse(grille_bytes_of_text(text), "test.yaml", w.folder, &policy, &error) != GRILLE_OK) {
        fail_msg("%s: %s", error.name, error.text);
    }
    return policy;
}

/* A policy of one x509 set. */
static grille_policy *x509_policy(const char *head, const char *name, const char *may_call) {
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "%speers:\n  - name: them\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"%s\"]\n"
                   "%s%s%s",
                   head, name, may_call[0] != '\0' ? "    may_call: [" : "", may_call,
                   may_call[0] != '\0' ? "]\n" : "");
    return parse(text);
}

#define EVERYTHING "\"/test.E2e/Echo\", \"/test.E2e/Work\""

static grille_channel *open_channel(const char *name, const grille_identity *identity, uint32_t grace_ms) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = w.trusts_gateway;
    options.identity = identity;
    options.revoke_grace_ms = grace_ms;
    if (grille_channel_open(world_unix(&w, name), &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    return channel;
}

static grille_code call(grille_channel *channel, e2e_method method, const char *text, char answer[256]) {
    return e2e_call(channel, method, text, &GRILLE_CALL_OPTIONS(.timeout_ms = 20000), answer, 256);
}

static void replace(grille_server *server, grille_policy *policy) {
    grille_error error;
    if (grille_server_replace_policy(server, policy, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    grille_policy_free(policy);
}

static uint32_t epoch_of(grille_channel *channel) {
    grille_peer_identity peer;
    assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
    return peer.epoch;
}

/* Waits, at most half a minute. */
static void wait_for_epoch(grille_channel *channel, uint32_t epoch) {
    for (int ms = 0; epoch_of(channel) < epoch; ms++) {
        if (ms == 30000) fail_msg("epoch %u did not come", epoch);
        usleep(1000);
    }
    assert_int_equal(epoch_of(channel), epoch);
}

static void wait_started(const e2e_counts *counts, unsigned count) {
    while (atomic_load(&counts->started) < count)
        usleep(500);
}

/* ---- Another policy on a running server ---- */

static void a_policy_that_still_accepts_disturbs_nothing(void **state) {
    static traffic load;
    grille_server_options options = grille_server_options_default();
    e2e_counts counts = {.back = NULL};
    options.loops = 2;
    grille_server *server = in_process_server(&w, "accepts", &options, &counts);
    grille_channel *channel = open_channel("accepts", w.parent, 0);
    (void)state;
    traffic_start(&load, channel, false);
    for (int i = 0; i < 20; i++)
        replace(server, x509_policy(i % 2 == 0 ? "max_age: 1h\n" : "", WORLD_PARENT, EVERYTHING));
    assert_true(traffic_end(&load) > 0);
    assert_int_equal(grille_channel_get_state(channel), GRILLE_CHANNEL_READY);
    grille_channel_close(channel);
    grille_server_free(server);
}

static void who_may_call_what_is_asked_of_the_policy_in_force(void **state) {
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "methods", NULL, &counts);
    grille_channel *channel = open_channel("methods", w.parent, 0);
    char answer[256];
    (void)state;
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_PERMISSION_DENIED);
    replace(server, x509_policy("", WORLD_PARENT, "\"/test.E2e/Secret\""));
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_OK);
    assert_int_equal(call(channel, E2E_ECHO, "x", answer), GRILLE_PERMISSION_DENIED);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* What our connections claim: this is a development build that serves no reflection and no stats, and logs. */
static void claims_are_told_and_judged(void **state) {
    static const struct {
        const char *refuse;
        grille_code code;
    } rows[] = {
        {"metrics, reflection", GRILLE_OK}, {"debug", GRILLE_PERMISSION_DENIED}, {"logs", GRILLE_PERMISSION_DENIED}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_server_options options = grille_server_options_default();
        e2e_counts counts = {.back = NULL};
        char may_call[256], answer[256];
        options.revoke_grace_ms = 60000;
        grille_server *server = in_process_server(&w, "claims", &options, &counts);
        grille_channel *channel = open_channel("claims", w.parent, 0);
        (void)snprintf(may_call, sizeof may_call, EVERYTHING "]\n    refuse: [%s", rows[i].refuse);
        replace(server, x509_policy("", WORLD_PARENT, may_call));
        assert_int_equal(call(channel, E2E_ECHO, "x", answer), rows[i].code);
        grille_channel_close(channel);
        grille_server_free(server);
    }
}

/* A file's lines as a YAML block under a key at four spaces. */
static void read_block(const char *name, char *block, size_t capacity) {
    char path[512], line[256];
    size_t used = (size_t)snprintf(block, capacity, "|\n");
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/%s", w.folder, name);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && used < capacity)
        used += (size_t)snprintf(&block[used], capacity - used, "      %s", line);
    assert_true(used < capacity);
    assert_int_equal(0, fclose(file));
}

/* A key that signs updates: its private and its public half in PEM, the latter as a YAML block. */
static void make_update_key(char private_pem[512], char public_block[512]) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_private_key *key = NULL;
    uint8_t bytes[256], point[GRILLE_POINT_MAX];
    char pem[512], *line;
    size_t len = 0, point_len = 0, used;
    assert_int_equal(GRILLE_REASON_OK, crypto->key_generate(GRILLE_P384, &key));
    assert_int_equal(GRILLE_REASON_OK, crypto->key_export(key, bytes, sizeof bytes, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_EC_PRIVATE_KEY, grille_bytes_of(bytes, len), private_pem, 511, &len));
    private_pem[len] = '\0';
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(key, point, sizeof point, &point_len));
    crypto->key_free(key);
    assert_int_equal(GRILLE_REASON_OK,
                     grille_spki_write(GRILLE_P384, grille_bytes_of(point, point_len), bytes, sizeof bytes, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_PUBLIC_KEY, grille_bytes_of(bytes, len), pem, sizeof pem - 1, &len));
    pem[len] = '\0';
    used = (size_t)snprintf(public_block, 512, "|\n");
    for (line = strtok(pem, "\n"); line != NULL; line = strtok(NULL, "\n"))
        used += (size_t)snprintf(&public_block[used], 512 - used, "  %s\n", line);
}

/* What an enclave does with updates that its parent brings: signed ones of a higher version change who may call what,
 * on the connection that stands; everything else changes nothing. */
static void a_signed_update_decides_and_nothing_else(void **state) {
    static char text[8192], ca[4096];
    static uint8_t first[8192], second[8192];
    char private_pem[512], public_block[512], answer[256];
    const char *format = "version: %d\nupdate_key: %speers:\n  - name: them\n    kind: x509\n"
                         "    names: [\"" WORLD_PARENT "\"]\n    may_call: [\"/test.E2e/%s\"]\n    ca: %s";
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "update", NULL, &counts);
    grille_channel *channel = open_channel("update", w.parent, 0);
    grille_policy *in_force, *next = NULL;
    size_t first_len = 0, second_len = 0;
    grille_error error;
    (void)state;
    make_update_key(private_pem, public_block);
    read_block("ca/ca.pem", ca, sizeof ca);
    (void)snprintf(text, sizeof text, format, 2, public_block, "Secret", ca);
    assert_int_equal(GRILLE_OK, grille_policy_update_sign(grille_bytes_of_text(text), grille_bytes_of_text(private_pem),
                                                          first, sizeof first, &first_len, &error));
    (void)snprintf(text, sizeof text, format, 3, public_block, "Work", ca);
    assert_int_equal(GRILLE_OK, grille_policy_update_sign(grille_bytes_of_text(text), grille_bytes_of_text(private_pem),
                                                          second, sizeof second, &second_len, &error));
    (void)snprintf(text, sizeof text, format, 1, public_block, "Echo", ca);
    in_force = parse(text);
    replace(server, grille_policy_ref(in_force));
    assert_int_equal(call(channel, E2E_ECHO, "x", answer), GRILLE_OK);
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_PERMISSION_DENIED);

    first[first_len - 1] ^= 1;
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_policy_update(in_force, grille_bytes_of(first, first_len), &next, &error));
    first[first_len - 1] ^= 1;
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_PERMISSION_DENIED);

    assert_int_equal(GRILLE_OK, grille_policy_update(in_force, grille_bytes_of(first, first_len), &next, &error));
    replace(server, grille_policy_ref(next));
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_OK);
    assert_int_equal(call(channel, E2E_ECHO, "x", answer), GRILLE_PERMISSION_DENIED);
    grille_policy_free(in_force);
    in_force = next;

    assert_int_equal(GRILLE_OK, grille_policy_update(in_force, grille_bytes_of(second, second_len), &next, &error));
    replace(server, grille_policy_ref(next));
    assert_int_equal(call(channel, E2E_SECRET, "x", answer), GRILLE_PERMISSION_DENIED);
    assert_int_equal(call(channel, E2E_WORK, "x", answer), GRILLE_OK);
    grille_policy_free(in_force);
    in_force = next;

    assert_int_equal(GRILLE_FAILED_PRECONDITION,
                     grille_policy_update(in_force, grille_bytes_of(first, first_len), &next, &error));
    assert_string_equal("POLICY-ROLLBACK", error.name);
    assert_int_equal(call(channel, E2E_WORK, "x", answer), GRILLE_OK);
    assert_int_equal(epoch_of(channel), 0); /* all on one connection */
    grille_policy_free(in_force);
    grille_channel_close(channel);
    grille_server_free(server);
}

typedef struct outcome {
    ended end;
    e2e_async async;
} outcome;

static void begin(outcome *out, grille_channel *channel, const char *text) {
    out->end = (ended)ENDED_INIT;
    out->async = (e2e_async){on_end, &out->end};
    assert_int_equal(
        e2e_call_async(channel, E2E_WORK, text, &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &out->async, NULL),
        GRILLE_OK);
}

static void a_refused_peer_is_ended_at_once(void **state) {
    static outcome running;
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "refused", NULL, &counts);
    grille_channel *channel = open_channel("refused", w.parent, 0);
    char answer[256];
    (void)state;
    begin(&running, channel, "hold");
    wait_started(&counts, 1);
    replace(server, x509_policy("", "spiffe://test/somebody-else", EVERYTHING));
    wait_ended(&running.end, 1);
    assert_int_equal(running.end.codes[GRILLE_PERMISSION_DENIED], 1);
    /* The channel dials again, and the gate refuses it now. */
    grille_code code = GRILLE_OK;
    while ((code = call(channel, E2E_ECHO, "again", answer)) == GRILLE_PERMISSION_DENIED || code == GRILLE_UNAVAILABLE)
        usleep(1000);
    assert_int_equal(code, GRILLE_UNAUTHENTICATED);
    assert_int_equal(atomic_load(&counts.started), 1);
    grille_channel_close(channel);
    grille_server_free(server);
}

static void what_runs_gets_its_grace_and_nothing_new_begins(void **state) {
    static outcome running;
    grille_server_options options = grille_server_options_default();
    e2e_counts counts = {.back = NULL};
    char answer[256];
    (void)state;
    options.revoke_grace_ms = 60000;
    grille_server *server = in_process_server(&w, "grace", &options, &counts);
    grille_channel *channel = open_channel("grace", w.parent, 0);
    begin(&running, channel, "sleep:300");
    wait_started(&counts, 1);
    replace(server, x509_policy("", "spiffe://test/somebody-else", EVERYTHING));
    assert_int_equal(call(channel, E2E_ECHO, "new", answer), GRILLE_PERMISSION_DENIED);
    wait_ended(&running.end, 1);
    assert_int_equal(running.end.codes[GRILLE_OK], 1);
    /* Accepted again before its time is over. */
    replace(server, x509_policy("", WORLD_PARENT, EVERYTHING));
    assert_int_equal(call(channel, E2E_ECHO, "new", answer), GRILLE_OK);
    assert_int_equal(atomic_load(&counts.started), 2);
    grille_channel_close(channel);
    grille_server_free(server);
}

static void a_set_that_ends_is_a_policy_that_changes(void **state) {
    static outcome running;
    char head[256];
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "not-after", NULL, &counts);
    grille_channel *channel = NULL;
    char answer[256];
    const time_t end = time(NULL) + 3;
    struct tm parts;
    (void)state;
    (void)gmtime_r(&end, &parts);
    (void)strftime(head, sizeof head,
                   "peers:\n  - name: for now\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"" WORLD_PARENT
                   "\"]\n    may_call: [" EVERYTHING "]\n    not_after: %Y-%m-%dT%H:%M:%SZ\n",
                   &parts);
    replace(server, parse(head));
    channel = open_channel("not-after", w.parent, 0);
    assert_int_equal(call(channel, E2E_ECHO, "in time", answer), GRILLE_OK);
    begin(&running, channel, "hold");
    wait_ended(&running.end, 1);
    assert_int_equal(running.end.codes[GRILLE_PERMISSION_DENIED], 1);
    assert_true(time(NULL) >= end - 1); /* its clock is a coarse one */
    grille_channel_close(channel);
    grille_server_free(server);
}

static void an_older_version_is_refused(void **state) {
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "versions", NULL, &counts);
    grille_policy *older = x509_policy("version: 6\n", WORLD_PARENT, EVERYTHING);
    grille_error error;
    (void)state;
    replace(server, x509_policy("version: 7\n", WORLD_PARENT, EVERYTHING));
    assert_int_equal(grille_server_replace_policy(server, older, &error), GRILLE_FAILED_PRECONDITION);
    assert_string_equal(error.name, "POLICY-ROLLBACK");
    assert_int_equal(grille_server_replace_policy(server, NULL, &error), GRILLE_INVALID_ARGUMENT);
    grille_server_stop(server);
    assert_int_equal(grille_server_replace_policy(server, older, &error), GRILLE_FAILED_PRECONDITION);
    grille_policy_free(older);
    grille_server_free(server);
}

/* ---- Another policy or identity of a channel ---- */

static void a_channel_ends_what_its_new_policy_refuses(void **state) {
    static outcome running;
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "callee", NULL, &counts);
    grille_channel *channel = open_channel("callee", w.parent, 0);
    grille_policy *other = x509_policy("", "spiffe://test/another-gateway", "");
    grille_error error;
    char answer[256];
    (void)state;
    begin(&running, channel, "hold");
    wait_started(&counts, 1);
    assert_int_equal(grille_channel_replace_policy(channel, other, &error), GRILLE_OK);
    wait_ended(&running.end, 1);
    assert_int_equal(running.end.codes[GRILLE_PERMISSION_DENIED], 1);
    grille_code code = call(channel, E2E_ECHO, "x", answer);
    assert_int_equal(code, GRILLE_UNAUTHENTICATED);
    /* And back again. */
    assert_int_equal(grille_channel_replace_policy(channel, w.trusts_gateway, &error), GRILLE_OK);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .wait_for_ready = true),
                              answer, 256),
                     GRILLE_OK);
    grille_policy_free(other);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* A server whose certificate was renewed: who stands sees it with the next epoch, who comes sees it at once. */
static void an_identity_is_replaced_without_a_restart(void **state) {
    char chain[256], key[256], answer[256];
    grille_identity *renewed = NULL;
    grille_error error;
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "renewed", NULL, &counts);
    grille_channel *before = open_channel("renewed", w.parent, 0);
    (void)state;
    (void)snprintf(chain, sizeof chain, "%s/gateway/identity.pem", w.folder);
    (void)snprintf(key, sizeof key, "%s/gateway/identity.key", w.folder);
    assert_int_equal(grille_identity_load_x509(chain, key, &renewed, &error), GRILLE_OK);
    assert_int_equal(grille_server_replace_identity(server, renewed, &error), GRILLE_OK);
    grille_identity_free(renewed);
    assert_int_equal(call(before, E2E_ECHO, "x", answer), GRILLE_OK);
    assert_int_equal(grille_channel_reattest(before, &error), GRILLE_OK);
    wait_for_epoch(before, 1);
    grille_channel *after = open_channel("renewed", w.parent, 0);
    assert_int_equal(call(after, E2E_ECHO, "x", answer), GRILLE_OK);
    /* One whom nobody accepts: those that stand notice with the next epoch, new ones at once. */
    assert_int_equal(grille_server_replace_identity(server, w.stranger, &error), GRILLE_OK);
    assert_int_equal(call(before, E2E_ECHO, "x", answer), GRILLE_OK);
    assert_int_equal(grille_channel_reattest(before, &error), GRILLE_OK);
    grille_code code = GRILLE_OK;
    while ((code = call(before, E2E_ECHO, "x", answer)) == GRILLE_OK)
        usleep(1000);
    assert_int_equal(code, GRILLE_UNAUTHENTICATED);
    grille_channel_close(after);
    grille_channel_close(before);
    grille_server_free(server);
}

/* ---- Replacing all the time ---- */

typedef struct replacer {
    grille_server *server;
    grille_channel *channel;
    pthread_t thread;
    atomic_bool over;
} replacer;

static void *replace_all_the_time(void *user) {
    replacer *own = user;
    grille_error error;
    while (!atomic_load(&own->over)) {
        grille_policy *policy = x509_policy("", WORLD_PARENT, EVERYTHING);
        grille_policy *gateway = x509_policy("", WORLD_GATEWAY, "");
        assert_int_equal(grille_server_replace_policy(own->server, policy, &error), GRILLE_OK);
        assert_int_equal(grille_channel_replace_policy(own->channel, gateway, &error), GRILLE_OK);
        assert_int_equal(grille_server_replace_identity(own->server, w.gateway, &error), GRILLE_OK);
        assert_int_equal(grille_channel_replace_identity(own->channel, w.parent, &error), GRILLE_OK);
        grille_policy_free(policy);
        grille_policy_free(gateway);
    }
    return NULL;
}

static void threads_replace_while_threads_call(void **state) {
    static traffic load;
    enum { REPLACERS = 2, EPOCHS = 2 };
    replacer replacers[REPLACERS];
    grille_server_options options = grille_server_options_default();
    e2e_counts counts = {.back = NULL};
    grille_error error;
    options.loops = 2;
    grille_server *server = in_process_server(&w, "busy", &options, &counts);
    grille_channel *channel = open_channel("busy", w.parent, 0);
    (void)state;
    traffic_start(&load, channel, false);
    for (int i = 0; i < REPLACERS; i++) {
        replacers[i] = (replacer){.server = server, .channel = channel};
        assert_int_equal(pthread_create(&replacers[i].thread, NULL, replace_all_the_time, &replacers[i]), 0);
    }
    for (uint32_t epoch = 1; epoch <= EPOCHS; epoch++) {
        assert_int_equal(grille_channel_reattest(channel, &error), GRILLE_OK);
        wait_for_epoch(channel, epoch);
    }
    for (int i = 0; i < REPLACERS; i++) {
        atomic_store(&replacers[i].over, true);
        (void)pthread_join(replacers[i].thread, NULL);
    }
    assert_true(traffic_end(&load) > 0);
    grille_channel_close(channel);
    grille_server_free(server);
}

static int setup(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_still_accepts_disturbs_nothing),
        cmocka_unit_test(who_may_call_what_is_asked_of_the_policy_in_force),
        cmocka_unit_test(claims_are_told_and_judged),
        cmocka_unit_test(a_signed_update_decides_and_nothing_else),
        cmocka_unit_test(a_refused_peer_is_ended_at_once),
        cmocka_unit_test(what_runs_gets_its_grace_and_nothing_new_begins),
        cmocka_unit_test(a_set_that_ends_is_a_policy_that_changes),
        cmocka_unit_test(an_older_version_is_refused),
        cmocka_unit_test(a_channel_ends_what_its_new_policy_refuses),
        cmocka_unit_test(an_identity_is_replaced_without_a_restart),
        cmocka_unit_test(threads_replace_while_threads_call),
    };
    assert_int_equal(argc, 3);
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, setup, teardown);
}
