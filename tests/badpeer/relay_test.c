/* SPDX-License-Identifier: Apache-2.0
 * The relay: a genuine enclave in a process of its own, a genuine caller here, and between their sockets somebody who
 * ends TLS on both sides and forwards Hellos and evidence byte for byte. The same source is linked three times: as it
 * is, and as canaries without the defences that stop it, where it must succeed: then the caller's first call lies open.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bad_script.h"
#include "cmocka_all.h"
#include "log_book.h"
#include "world.h"

#ifndef CANARY_WITHOUT_BINDER
#define CANARY_WITHOUT_BINDER 0
#endif
#ifndef CANARY_WITHOUT_KEY
#define CANARY_WITHOUT_KEY 0
#endif

#if CANARY_WITHOUT_BINDER
bool __wrap_grille_defence_binder_matches(grille_bytes claimed, grille_bytes expected);
bool __wrap_grille_defence_binder_matches(grille_bytes claimed, grille_bytes expected) {
    (void)claimed;
    (void)expected;
    return true;
}
#endif

#if CANARY_WITHOUT_KEY
bool __wrap_grille_defence_key_matches(grille_bytes claimed, grille_bytes tls_spki);
bool __wrap_grille_defence_key_matches(grille_bytes claimed, grille_bytes tls_spki) {
    (void)claimed;
    (void)tls_spki;
    return true;
}
#endif

static const char *grille_program, *enclave_program, *leaking_program;

/* Both sides of the one in the middle, and those it stands between. */
typedef struct relay {
    e2e_world world;
    server_process enclave;
    victim_channel caller;
    bad_peer *to_enclave;
    bad_peer *to_caller;
} relay;

static grille_wall_ms wall_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000);
}

/* What the enclave's process left of the key of its newest connection. */
static void steal_leaf(grille_leaf *leaf) {
    const char *path = getenv("TEST_LEAKED_LEAF");
    for (unsigned ms = 0; ms < BAD_PEER_PATIENCE_MS; ms++) {
        FILE *file = fopen(path, "rb");
        const bool whole = file != NULL && fread(leaf, sizeof *leaf, 1, file) == 1;
        if (file != NULL) (void)fclose(file);
        if (whole) return;
        (void)usleep(1000);
    }
    fail_msg("no leaf leaked");
}

static bool has_hello(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_HELLO] > 0;
}

static bool has_evidence(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_EVIDENCE] > 0;
}

/* One gate message, byte for byte. */
static void forward(bad_peer *from, bad_peer *to, size_t index) {
    if (!bad_peer_until(from, index == BAD_PEER_HELLO ? has_hello : has_evidence, BAD_PEER_PATIENCE_MS))
        fail_msg("nothing came to forward");
    memcpy(to->own[index], from->peer[index], from->peer_len[index]);
    to->own_len[index] = from->peer_len[index];
    evil_end_send_gate(to->evil, grille_bytes_of(to->own[index], to->own_len[index]));
    bad_peer_flush(to);
}

/* Up to both Hellos of both sessions. */
static void begin(relay *r, const char *program, bool steals, bool replays) {
    int ends[2];
    char address[16], leaked[128];
    grille_leaf leaf;
    const bad_script about = {0};
    memset(r, 0, sizeof *r);
    world_init(&r->world, grille_program, program);
    (void)snprintf(leaked, sizeof leaked, "%s/leaked", r->world.folder);
    assert_int_equal(setenv("TEST_LEAKED_LEAF", leaked, 1), 0);
    r->enclave.kind = "nitro";
    server_start(&r->world, &r->enclave, world_unix(&r->world, "enclave"));
    log_book_clear();
    /* The middle knows the parent's own identity: it may be root there. */
    r->to_enclave = bad_peer_new(bad_peer_dial(r->enclave.address), true, r->world.parent, wall_ms());
    bad_script_play(r->to_enclave, &about, "tls");
    assert_true(bad_peer_is_up(r->to_enclave));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    victim_channel_open(NULL, address, r->world.parent, r->world.trusts_enclave, 0, &r->caller);
    victim_channel_call(&r->caller, 1, "4111 1111 1111 1111");
    r->to_caller = bad_peer_new(ends[1], false, r->world.parent, wall_ms());
    if (steals) {
        steal_leaf(&leaf);
        r->to_caller->tls.leaf = &leaf;
    }
    bad_script_play(r->to_caller, &about, "tls");
    assert_true(bad_peer_is_up(r->to_caller));
    if (replays) {
        /* A session of the middle's own, under a nonce that is not the caller's. */
        assert_true(bad_gate_hello(r->to_enclave, ""));
        bad_peer_flush(r->to_enclave);
    } else {
        forward(r->to_caller, r->to_enclave, BAD_PEER_HELLO);
    }
    forward(r->to_enclave, r->to_caller, BAD_PEER_HELLO);
}

/* No handler of the enclave ever ran. */
static void end(relay *r) {
    char last_line[64];
    bad_peer_free(r->to_enclave);
    bad_peer_free(r->to_caller);
    victim_channel_close(&r->caller);
    server_end(&r->enclave, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 0 finished 0 cancelled 0");
    world_deinit(&r->world);
}

static bool saw_call(const bad_peer *peer) {
    return peer->seen.frames[GRILLE_FRAME_CALL] > 0;
}

/* The enclave's evidence, asked for under the parent's own name, shown to the caller, with a Confirm of the middle's
 * own session. True when the caller then talks. */
static bool show_evidence(relay *r, grille_error *error) {
    assert_true(bad_gate_evidence(r->to_enclave, "", r->world.parent, grille_bytes_of(NULL, 0)));
    bad_peer_flush(r->to_enclave);
    forward(r->to_enclave, r->to_caller, BAD_PEER_EVIDENCE);
    assert_true(bad_gate_confirm(r->to_caller, ""));
    if (bad_peer_until(r->to_caller, saw_call, BAD_PEER_PATIENCE_MS)) return true;
    assert_true(r->to_caller->ended);
    assert_int_equal(r->to_caller->seen.gate[GRILLE_GATE_REFUSED], 1);
    assert_int_equal(r->to_caller->seen.frames[GRILLE_FRAME_CALL], 0);
    assert_int_equal(grille_channel_wait_ready(r->caller.channel, BAD_PEER_PATIENCE_MS, error), GRILLE_UNAUTHENTICATED);
    assert_int_equal(atomic_load(&r->caller.done[GRILLE_UNAUTHENTICATED]), 1);
    return false;
}

static void assert_call_lies_open(const relay *r) {
    static const char secret[] = "4111 1111 1111 1111";
    assert_int_equal(r->to_caller->seen.call_len, sizeof secret - 1);
    assert_memory_equal(r->to_caller->seen.call, secret, sizeof secret - 1);
}

/* Everything forwarded, the caller's evidence too: the enclave, which looks first, refuses it. */
static void everything_forwarded(void **state) {
    relay r;
    (void)state;
    begin(&r, enclave_program, false, false);
    forward(r.to_caller, r.to_enclave, BAD_PEER_EVIDENCE);
    (void)bad_peer_until(r.to_enclave, NULL, BAD_PEER_PATIENCE_MS);
    assert_int_equal(r.to_enclave->seen.gate[GRILLE_GATE_REFUSED], 1);
    assert_int_equal(r.to_enclave->seen.gate[GRILLE_GATE_EVIDENCE], 0);
    assert_int_equal(r.to_caller->seen.frames[GRILLE_FRAME_CALL], 0);
    end(&r);
}

static void relay_with_its_own_leaf(void **state) {
    relay r;
    grille_error error = {0};
    (void)state;
    begin(&r, enclave_program, false, false);
    const bool talked = show_evidence(&r, &error);
    assert_int_equal(talked, CANARY_WITHOUT_BINDER && CANARY_WITHOUT_KEY);
    if (talked) {
        assert_call_lies_open(&r);
    } else {
        assert_string_equal(error.name, CANARY_WITHOUT_BINDER ? "ATTEST-KEY-MISMATCH" : "ATTEST-BINDER-MISMATCH");
        assert_int_equal(log_book_count(error.name, NULL), 1);
    }
    end(&r);
}

/* The same by somebody who holds the key of the enclave's TLS leaf: only the binder is left. */
static void relay_with_a_stolen_leaf(void **state) {
    relay r;
    grille_error error = {0};
    (void)state;
    begin(&r, leaking_program, true, false);
    const bool talked = show_evidence(&r, &error);
    assert_int_equal(talked, CANARY_WITHOUT_BINDER);
    if (talked) {
        assert_call_lies_open(&r);
    } else {
        assert_string_equal(error.name, "ATTEST-BINDER-MISMATCH");
    }
    end(&r);
}

/* A genuine document of a genuine enclave, made for somebody else: its nonce stops it, whatever else is missing. */
static void replayed_document(void **state) {
    relay r;
    grille_error error = {0};
    (void)state;
    begin(&r, enclave_program, false, true);
    assert_false(show_evidence(&r, &error));
    assert_string_equal(error.name, "ATTEST-NONCE-MISMATCH");
    assert_int_equal(log_book_count(error.name, NULL), 1);
    end(&r);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_forwarded),
        cmocka_unit_test(relay_with_its_own_leaf),
        cmocka_unit_test(relay_with_a_stolen_leaf),
        cmocka_unit_test(replayed_document),
    };
    if (argc != 4) return 2;
    grille_program = argv[1];
    enclave_program = argv[2];
    leaking_program = argv[3];
    log_book_open();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
