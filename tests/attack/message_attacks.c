/* SPDX-License-Identifier: Apache-2.0
 * Messages that are left out, changed or made for another purpose. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacks.h"
#include "bad_bytes.h"
#include "bad_script.h"
#include "cmocka_all.h"
#include "ended.h"
#include "grille/attest.h"
#include "middle.h"
#include "tap.h"

static void meet_enclave(middle *m) {
    memset(m, 0, sizeof *m);
    middle_reach_server(m, stage_enclaves_server());
    middle_meet_server(m, NULL);
}

static bool finish(middle *m) {
    const bool succeeded = middle_calls(m);
    middle_end(m);
    return succeeded;
}

/* ---- Confirm ---- */

static bool confirm_of_another_view(void) {
    middle m;
    meet_enclave(&m);
    assert_true(bad_gate_hello(m.to_server, ""));
    assert_true(middle_prove(m.to_server, on_stage.insider));
    (void)bad_gate_confirm(m.to_server, "wrong");
    return finish(&m);
}

static bool without_confirm(void) {
    middle m;
    meet_enclave(&m);
    assert_true(bad_gate_hello(m.to_server, ""));
    assert_true(middle_prove(m.to_server, on_stage.insider));
    return finish(&m);
}

/* As whoever was here before, without evidence. */
static bool resumed_without_evidence(void) {
    middle m;
    meet_enclave(&m);
    assert_true(bad_gate_hello(m.to_server, ""));
    return finish(&m);
}

/* ---- What TLS was built without ---- */

/* Sends bytes in place of a TLS client and reads the first record of the answer. */
static size_t first_answer(grille_bytes bytes, uint8_t *answer, size_t capacity) {
    const unsigned before = ended_servers();
    const int fd = bad_peer_dial(stage_enclaves_server()->address);
    char name[GRILLE_ERROR_NAME_BYTES];
    size_t len = 0;
    assert_true(fd >= 0);
    assert_int_equal(send(fd, bytes.data, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
    for (;;) {
        const ssize_t moved = recv(fd, answer + len, capacity - len, 0);
        if (moved > 0) len += (size_t)moved;
        if (moved == 0 || len == capacity) break;
        if (moved < 0) (void)usleep(200);
    }
    (void)close(fd);
    while (ended_servers() == before)
        (void)usleep(1000);
    ended_last_server_failure(name, sizeof name);
    middle_set_reason(name);
    return len;
}

static void put_u16(uint8_t *at, size_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t get_u16(const uint8_t *at) {
    return (size_t)at[0] << 8 | at[1];
}

enum { record_header = 5, handshake_header = 4, random_end = record_header + handshake_header + 2 + 32 };

/* Where the length of a ClientHello's extensions stands. */
static size_t at_extensions(const uint8_t *hello) {
    size_t at = random_end;
    at += 1 + (size_t)hello[at];
    at += 2 + get_u16(hello + at);
    return at + 1 + hello[at];
}

/* A ClientHello that resumes: psk_key_exchange_modes, early_data, pre_shared_key (RFC 8446 4.2.9 to 4.2.11), and a
 * record of early data behind it. */
static size_t write_resuming_hello(uint8_t *bytes, size_t capacity) {
    static const uint8_t more[] = {0, 45, 0, 2, 1,   1,   0,   42,  0,   0,   0, 41, 0, 2 + 2 + 6 + 4 + 2 + 33,
                                   0, 12, 0, 6, 't', 'i', 'c', 'k', 'e', 't', 0, 0,  0, 1,
                                   0, 33, 32};
    static const uint8_t early[] = {0x17, 3, 3, 0, 32};
    evil_end *client = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = on_stage.now_ms});
    const grille_bytes hello = evil_end_outgoing(client);
    size_t len = hello.len, extensions = 0;
    assert_true(hello.len + sizeof more + 32 + sizeof early + 32 <= capacity);
    memcpy(bytes, hello.data, hello.len);
    evil_end_free(client);
    memcpy(bytes + len, more, sizeof more);
    memset(bytes + len + sizeof more, 0x5a, 32);
    len += sizeof more + 32;
    extensions = at_extensions(bytes);
    put_u16(bytes + extensions, len - extensions - 2);
    put_u16(bytes + record_header + 2, len - record_header - handshake_header);
    put_u16(bytes + 3, len - record_header);
    memcpy(bytes + len, early, sizeof early);
    memset(bytes + len + sizeof early, 0xa5, 32);
    return len + sizeof early + 32;
}

/* Whether a ServerHello accepts a key shared before. */
static bool accepts_psk(const uint8_t *hello, size_t len) {
    const size_t end = record_header + get_u16(hello + 3);
    size_t at = random_end;
    assert_true(len >= end);
    assert_int_equal(hello[record_header], 2);
    at += 1 + (size_t)hello[at] + 2 + 1;
    for (at += 2; at + 4 <= end; at += 4 + get_u16(hello + at + 2))
        if (get_u16(hello + at) == 41) return true;
    return false;
}

static bool resumption_with_early_data(void) {
    uint8_t hello[2048], answer[4096];
    const unsigned ran = atomic_load(&stage_enclaves_server()->ran);
    const size_t len = write_resuming_hello(hello, sizeof hello);
    const size_t answered = first_answer(grille_bytes_of(hello, len), answer, sizeof answer);
    assert_int_equal(answer[0], 0x16); /* a ServerHello: the rest of the ClientHello was right */
    return accepts_psk(answer, answered) || atomic_load(&stage_enclaves_server()->ran) != ran;
}

static bool tls_1_2(void) {
    uint8_t answer[4096];
    const size_t answered = first_answer(bad_bytes("tls12-client-hello"), answer, sizeof answer);
    assert_true(answered >= 7);
    return answer[0] != 0x15; /* an alert */
}

/* ---- Bytes ---- */

static bool altered_record(void) {
    static const char altered[] = "4111 1111 1111 1110";
    stage_server *server = stage_enclaves_server();
    const unsigned ended = ended_servers();
    unsigned ran = 0;
    char name[GRILLE_ERROR_NAME_BYTES];
    bool succeeded = false;
    tap t;
    tap_open(&t, server, on_stage.parent, on_stage.trusts_enclave);
    assert_int_equal(honest_call(t.caller.channel, "nothing else is under way then"), GRILLE_OK);
    ran = atomic_load(&server->ran);
    tap_change(&t);
    victim_channel_call(&t.caller, 1, STAGE_SECRET);
    for (unsigned ms = 0; atomic_load(&t.caller.ended) == 0 && ms < BAD_PEER_PATIENCE_MS; ms++)
        (void)usleep(1000);
    assert_int_equal(atomic_load(&t.changed), 1);
    succeeded = atomic_load(&server->ran) != ran;
    if (succeeded) assert_string_equal(server->last_text, altered);
    tap_close(&t);
    tap_free(&t);
    while (ended_servers() == ended)
        (void)usleep(1000);
    ended_last_server_failure(name, sizeof name);
    middle_set_reason(name);
    return succeeded;
}

/* ---- Documents for another purpose ---- */

/* The enclave's application signs what callers like, and one of them likes what evidence of this session would be. */
static bool application_document_as_evidence(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {7};
    uint8_t user_data[sizeof GRILLE_ATTEST_CHANNEL_PREFIX - 1 + 1 + GRILLE_BINDER_BYTES];
    uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    uint8_t *evidence = NULL;
    size_t len = 0;
    middle m;
    evil_hellos hellos;
    grille_binding binding;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, 0, nonce, GRILLE_IDENTITY_NITRO);
    assert_true(middle_keep(m.to_caller, m.to_caller, BAD_PEER_HELLO) || m.to_caller->ended);
    m.to_caller->own_len[BAD_PEER_HELLO] =
        evil_hello(0, 0, nonce, GRILLE_IDENTITY_NITRO, m.to_caller->own[BAD_PEER_HELLO]);
    hellos = bad_gate_hellos(m.to_caller);
    binding = evil_end_binding(m.to_caller->evil, &hellos, 'R', grille_bytes_of(NULL, 0));
    memcpy(user_data, GRILLE_ATTEST_CHANNEL_PREFIX "R", sizeof GRILLE_ATTEST_CHANNEL_PREFIX);
    memcpy(user_data + sizeof GRILLE_ATTEST_CHANNEL_PREFIX, binding.binder, sizeof binding.binder);
    assert_int_equal(grille_attest_document(on_stage.enclave.identity, grille_bytes_of(user_data, sizeof user_data),
                                            binding.verifier_nonce, binding.prover_spki, document, sizeof document,
                                            &len, NULL),
                     GRILLE_OK);
    evidence = m.to_caller->own[BAD_PEER_EVIDENCE];
    m.to_caller->own_len[BAD_PEER_EVIDENCE] =
        evil_evidence(GRILLE_IDENTITY_NITRO, grille_bytes_of(NULL, 0), grille_bytes_of(document, len), evidence,
                      GRILLE_LIMIT_EVIDENCE_BYTES);
    middle_say(m.to_caller, BAD_PEER_EVIDENCE);
    middle_confirm(m.to_caller);
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    return succeeded;
}

/* What an enclave showed on a channel is shown to somebody who wants an application's document. */
static bool evidence_as_application_document(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {8};
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts;
    grille_error error = {0};
    grille_gate_evidence evidence;
    bool succeeded = false;
    middle m;
    meet_enclave(&m);
    middle_hello(m.to_server, 0, nonce, GRILLE_IDENTITY_X509);
    assert_true(middle_prove(m.to_server, on_stage.insider));
    assert_true(middle_keep(m.to_server, m.to_server, BAD_PEER_EVIDENCE));
    assert_int_equal(
        grille_gate_evidence_decode(
            grille_bytes_of(m.to_server->peer[BAD_PEER_EVIDENCE], m.to_server->peer_len[BAD_PEER_EVIDENCE]), &evidence),
        GRILLE_REASON_OK);
    options.policy = on_stage.trusts_enclave;
    options.nonce = grille_bytes_of(nonce, sizeof nonce);
    succeeded = grille_attest_verify_live(evidence.body, &options, on_stage.now_ms, &facts, &error) == GRILLE_OK;
    middle_set_reason(error.name);
    middle_end(&m);
    return succeeded;
}

static const attack attacks[] = {
    {"split view: a Confirm of another exchange", DEFENCE(confirm), "GATE-CONFIRM", confirm_of_another_view},
    {"split view: a call in place of the Confirm", DEFENCE(confirm_first), "GATE-NOT-A-GATE-FRAME", without_confirm},
    {"resumption without evidence", DEFENCE(evidence_first), "GATE-NOT-A-GATE-FRAME", resumed_without_evidence},
    {"resumption of TLS by ticket, with early data", DEFENCE(built_out), "TLS-BAD-RECORD", resumption_with_early_data},
    {"downgrade to TLS 1.2", DEFENCE(built_out), "TLS-VERSION", tls_1_2},
    {"a bit changed on the way", DEFENCE(tag), "TLS-BAD-RECORD", altered_record},
    {"signing oracle: an application's document as evidence", DEFENCE(app_prefix), "ATTEST-PREFIX-MISMATCH",
     application_document_as_evidence},
    {"the same, judged by a verifier that compares less", DEFENCE(binder), "ATTEST-PREFIX-MISMATCH",
     application_document_as_evidence},
    {"signing oracle: evidence as an application's document", DEFENCE(app_prefix_check), "ATTEST-PREFIX-MISMATCH",
     evidence_as_application_document},
};
const attack_list message_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
