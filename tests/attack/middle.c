/* SPDX-License-Identifier: Apache-2.0 */
#include "middle.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bad_script.h"
#include "cmocka_all.h"
#include "ended.h"

static const bad_script nothing_special;
static char reason[GRILLE_ERROR_NAME_BYTES];

const char *middle_reason(void) {
    return reason;
}

void middle_set_reason(const char *name) {
    (void)snprintf(reason, sizeof reason, "%s", name);
}

/* ---- Connections ---- */

void middle_catch_caller(middle *m, const grille_identity *identity, grille_policy *policy) {
    const unsigned leafs = stage_leafs();
    int ends[2];
    char address[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    victim_channel_open(NULL, address, identity, policy, 0, &m->caller);
    victim_channel_call(&m->caller, 1, STAGE_SECRET);
    m->callers_leaf = stage_stolen_leaf(leafs);
    m->to_caller = bad_peer_new(ends[1], false, on_stage.insider, on_stage.now_ms);
}

void middle_reach_server(middle *m, stage_server *server) {
    const unsigned leafs = stage_leafs();
    const int fd = bad_peer_dial(server->address);
    assert_true(fd >= 0);
    m->server = server;
    m->ran_before = atomic_load(&server->ran);
    m->server_ends_before = ended_servers();
    m->to_server = bad_peer_new(fd, true, on_stage.insider, on_stage.now_ms);
    m->servers_leaf = stage_stolen_leaf(leafs);
}

static void meet(bad_peer *peer, const grille_leaf *leaf) {
    peer->tls.leaf = leaf;
    bad_script_play(peer, &nothing_special, "tls");
    assert_true(bad_peer_is_up(peer));
}

void middle_meet_caller(middle *m, const grille_leaf *leaf) {
    meet(m->to_caller, leaf);
}

void middle_meet_server(middle *m, const grille_leaf *leaf) {
    meet(m->to_server, leaf);
}

/* ---- Gate messages ---- */

static bool has_hello(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_HELLO] > 0;
}

static bool has_evidence(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_EVIDENCE] > 0;
}

bool middle_keep(bad_peer *from, bad_peer *to, size_t index) {
    if (!bad_peer_until(from, index == BAD_PEER_HELLO ? has_hello : has_evidence, BAD_PEER_PATIENCE_MS)) return false;
    memcpy(to->own[index], from->peer[index], from->peer_len[index]);
    to->own_len[index] = from->peer_len[index];
    return true;
}

void middle_say(bad_peer *to, size_t index) {
    evil_end_send_gate(to->evil, grille_bytes_of(to->own[index], to->own_len[index]));
    bad_peer_flush(to);
}

bool middle_forward(bad_peer *from, bad_peer *to, size_t index) {
    const bool came = middle_keep(from, to, index);
    if (came) middle_say(to, index);
    return came;
}

void middle_hello(bad_peer *to, uint8_t flags, const uint8_t *nonce, uint8_t kind) {
    to->own_len[BAD_PEER_HELLO] = evil_hello(flags, 0, nonce, kind, to->own[BAD_PEER_HELLO]);
    middle_say(to, BAD_PEER_HELLO);
}

bool middle_prove(bad_peer *to, const grille_identity *identity) {
    const bool said = bad_gate_evidence(to, "", identity, grille_bytes_of(NULL, 0));
    bad_peer_flush(to);
    return said;
}

void middle_confirm(bad_peer *to) {
    (void)bad_gate_confirm(to, "");
    bad_peer_flush(to);
}

/* ---- What comes of it ---- */

static bool saw_call(const bad_peer *peer) {
    return peer->seen.frames[GRILLE_FRAME_CALL] > 0;
}

bool middle_reads_call(middle *m) {
    const bad_peer_seen *seen = &m->to_caller->seen;
    for (unsigned ms = 0; ms < BAD_PEER_PATIENCE_MS && atomic_load(&m->caller.ended) == 0; ms += 10)
        if (bad_peer_until(m->to_caller, saw_call, 10) || m->to_caller->ended) break;
    if (bad_peer_until(m->to_caller, saw_call, 0)) {
        assert_int_equal(seen->call_len, strlen(STAGE_SECRET));
        assert_memory_equal(seen->call, STAGE_SECRET, seen->call_len);
        return true;
    }
    if (!m->to_caller->ended && atomic_load(&m->caller.ended) == 0)
        fail_msg("the caller neither talks nor ends: %u hello, %u evidence, %u confirm; %u calls ended: %s",
                 seen->gate[GRILLE_GATE_HELLO], seen->gate[GRILLE_GATE_EVIDENCE], seen->gate[GRILLE_GATE_CONFIRM],
                 atomic_load(&m->caller.ended), m->caller.text);
    middle_note_channel(m);
    return false;
}

void middle_note_channel(middle *m) {
    grille_error error = {0};
    if (grille_channel_wait_ready(m->caller.channel, BAD_PEER_PATIENCE_MS, &error) != GRILLE_OK)
        middle_set_reason(error.name);
}

static bool was_answered(const bad_peer *peer) {
    return peer->seen.frames[GRILLE_FRAME_STATUS] > 0;
}

bool middle_calls(middle *m) {
    bad_script_play(m->to_server, &nothing_special, "{S} call:7:attack");
    return middle_was_answered(m);
}

bool middle_was_answered(middle *m) {
    (void)bad_peer_until(m->to_server, was_answered, BAD_PEER_PATIENCE_MS);
    return atomic_load(&m->server->ran) != m->ran_before && strcmp(m->server->last_text, "attack") == 0;
}

void middle_end(middle *m) {
    const bool had_caller = m->to_caller != NULL;
    bad_peer_free(m->to_caller);
    bad_peer_free(m->to_server);
    if (had_caller) victim_channel_close(&m->caller);
    if (m->server == NULL) return;
    for (unsigned ms = 0; ended_servers() == m->server_ends_before; ms++) {
        if (ms == BAD_PEER_PATIENCE_MS) fail_msg("the server's connection stays");
        (void)usleep(1000);
    }
    if (reason[0] == '\0') ended_last_server_failure(reason, sizeof reason);
}
