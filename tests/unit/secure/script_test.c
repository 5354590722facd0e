/* SPDX-License-Identifier: Apache-2.0
 * Gate messages out of order, twice, malformed, oversize: an attacker's end plays a script against a real one, in both
 * roles and both orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "evil_end.h"
#include "fake_evidence.h"
#include "secure_pair.h"
#include "wire/frame.h"

typedef struct play {
    evil_end *evil;
    secure_side side; /* the real end */
    secure_pair clock;
    grille_identity identity;
    grille_policy policy;
    bool evil_initiates;
    /* payloads, by who sent them */
    uint8_t own[2][GRILLE_LIMIT_EVIDENCE_BYTES]; /* HELLO, EVIDENCE */
    size_t own_len[2];
    uint8_t peer[2][GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t peer_len[2];
    int confirms;
    int refused;
    int other;
} play;

enum { hello_index = 0, evidence_index = 1 };

static void note_payload(play *p, const uint8_t *payload, size_t len) {
    switch (payload[0]) {
    case GRILLE_GATE_HELLO:
    case GRILLE_GATE_EVIDENCE:
        memcpy(p->peer[payload[0] - 1], payload, len);
        p->peer_len[payload[0] - 1] = len;
        break;
    case GRILLE_GATE_CONFIRM:
        p->confirms++;
        break;
    case GRILLE_GATE_REFUSED:
        assert_int_equal(len, 1);
        p->refused++;
        break;
    default:
        p->other++;
    }
}

static void pump(play *p) {
    uint8_t payload[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len = 0;
    evil_end_pump(p->evil, &p->side, p->clock.now_us, p->clock.wall_ms);
    while (evil_end_take_gate(p->evil, payload, sizeof payload, &len))
        note_payload(p, payload, len);
}

static play *play_begin(bool evil_initiates, grille_identity_kind real_kind) {
    play *p = calloc(1, sizeof *p);
    const evil_options evil = {.role = evil_initiates ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER,
                               .wall_ms = SECURE_PAIR_WALL_MS};
    const secure_pair_options options = {.initiator_identity = &p->identity,
                                         .initiator_policy = &p->policy,
                                         .responder_identity = &p->identity,
                                         .responder_policy = &p->policy};
    grille_secure_options end;
    assert_non_null(p);
    p->evil_initiates = evil_initiates;
    p->identity.kind = real_kind;
    p->policy.accepted_kinds = 1u << GRILLE_IDENTITY_X509;
    p->clock.now_us = 5000000;
    p->clock.wall_ms = SECURE_PAIR_WALL_MS;
    grille_budget_init(&p->side.budget, 1 << 20);
    end = secure_pair_end_options(&p->clock, &options, evil_initiates ? GRILLE_RESPONDER : GRILLE_INITIATOR,
                                  &p->side.budget);
    assert_int_equal(grille_secure_new(&end, &p->side.secure, &p->side.error), GRILLE_REASON_OK);
    p->evil = evil_end_new(&evil);
    pump(p);
    assert_true(evil_end_is_up(p->evil));
    return p;
}

static void play_end(play *p) {
    evil_end_free(p->evil);
    grille_secure_free(p->side.secure);
    assert_int_equal(p->side.budget.used_bytes, 0);
    free(p);
}

static evil_hellos hellos_of(const play *p) {
    const grille_bytes own = grille_bytes_of(p->own[hello_index], p->own_len[hello_index]);
    const grille_bytes peer = grille_bytes_of(p->peer[hello_index], p->peer_len[hello_index]);
    return (evil_hellos){.initiator = p->evil_initiates ? own : peer, .responder = p->evil_initiates ? peer : own};
}

static char evil_letter(const play *p) {
    return p->evil_initiates ? 'I' : 'R';
}

/* The HELLO that is right, changed as the script says. */
static void send_hello(play *p, char token) {
    uint8_t *payload = p->own[hello_index];
    uint8_t nonce[GRILLE_GATE_NONCE_BYTES];
    size_t len = 0;
    memset(nonce, 0x77, sizeof nonce);
    if (token == 'N') memcpy(nonce, p->peer[hello_index] + 7, sizeof nonce);
    len = evil_hello(token == 'F' || token == 'J' ? GRILLE_GATE_INITIATOR_FIRST : 0, token == 'P', nonce,
                     token == 'K'   ? GRILLE_IDENTITY_NITRO
                     : token == 'A' ? GRILLE_IDENTITY_ANONYMOUS
                     : token == 'k' ? 9
                                    : GRILLE_IDENTITY_X509,
                     payload);
    if (token == 'V') payload[1] = 2;
    if (token == 'Z') len--;
    p->own_len[hello_index] = len;
    evil_end_send_gate(p->evil, grille_bytes_of(payload, len));
}

/* Evidence as the fake makes it: role, binder, nonce, key. */
static void send_evidence(play *p, char token) {
    const evil_hellos hellos = hellos_of(p);
    uint8_t body[512];
    grille_writer writer = grille_writer_into(body, sizeof body);
    grille_binding binding;
    if (p->own_len[hello_index] < 39 || p->peer_len[hello_index] < 39) {
        /* Before the Hellos: something of the right layout. */
        p->own_len[evidence_index] = evil_evidence(2, grille_bytes_of_text(""), grille_bytes_of_text("early"),
                                                   p->own[evidence_index], sizeof p->own[evidence_index]);
        evil_end_send_gate(p->evil, grille_bytes_of(p->own[evidence_index], p->own_len[evidence_index]));
        return;
    }
    binding = evil_end_binding(p->evil, &hellos, evil_letter(p), grille_bytes_of_text("claims"));
    if (token == 'B') binding.binder[47] ^= 1;
    grille_write_u8(&writer, (uint8_t)evil_letter(p));
    grille_write_bytes(&writer, grille_bytes_of(binding.binder, sizeof binding.binder));
    grille_write_block_u16(&writer, binding.verifier_nonce);
    grille_write_block_u16(&writer, binding.prover_spki);
    p->own_len[evidence_index] =
        evil_evidence(token == 'e' ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509, grille_bytes_of_text("claims"),
                      grille_written(&writer), p->own[evidence_index], sizeof p->own[evidence_index]);
    if (token == 'T') p->own[evidence_index][p->own_len[evidence_index]++] = 0;
    evil_end_send_gate(p->evil, grille_bytes_of(p->own[evidence_index], p->own_len[evidence_index]));
}

static void send_confirm(play *p, char token) {
    const evil_hellos hellos = hellos_of(p);
    const grille_bytes own = grille_bytes_of(p->own[evidence_index], p->own_len[evidence_index]);
    const grille_bytes peer = grille_bytes_of(p->peer[evidence_index], p->peer_len[evidence_index]);
    const char role = token == 'D' ? (p->evil_initiates ? 'R' : 'I') : evil_letter(p);
    uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES] = {GRILLE_GATE_CONFIRM};
    if (p->own_len[hello_index] > 38 && p->peer_len[hello_index] > 38)
        evil_end_confirm(p->evil, &hellos, role, p->evil_initiates ? peer : own, p->evil_initiates ? own : peer,
                         payload);
    if (token == 'c') payload[48] ^= 1;
    evil_end_send_gate(p->evil, grille_bytes_of(payload, sizeof payload));
}

static void send_other(play *p, char token) {
    static const uint8_t zeros[GRILLE_LIMIT_EVIDENCE_BYTES + 1];
    static uint8_t long_hello[GRILLE_LIMIT_HELLO_BYTES + 1] = {GRILLE_GATE_HELLO, GRILLE_GATE_VERSION};
    static uint8_t long_confirm[2 + GRILLE_GATE_CONFIRM_BYTES] = {GRILLE_GATE_CONFIRM};
    static const uint8_t refused[2] = {GRILLE_GATE_REFUSED};
    static const uint8_t request[1] = {GRILLE_GATE_REQUEST};
    switch (token) {
    case 'R':
        evil_end_send_gate(p->evil, grille_bytes_of(refused, 1));
        break;
    case 'r':
        evil_end_send_gate(p->evil, grille_bytes_of(refused, 2));
        break;
    case 'Q':
        evil_end_send_gate(p->evil, grille_bytes_of(request, 1));
        break;
    case '0':
        evil_end_send_gate(p->evil, grille_bytes_of(zeros, 1));
        break;
    case 'n':
        evil_end_send_gate(p->evil, grille_bytes_of(zeros, 0));
        break;
    case 'O':
        evil_end_send_gate(p->evil, grille_bytes_of(long_hello, sizeof long_hello));
        break;
    case 'o':
        evil_end_send_gate(p->evil, grille_bytes_of(long_confirm, sizeof long_confirm));
        break;
    case 'M': /* only the header: nothing behind it is waited for */
        evil_end_send_frame(p->evil, GRILLE_LIMIT_FRAME_PAYLOAD_BYTES + 1, GRILLE_FRAME_GATE, 0, 0,
                            grille_bytes_of(zeros, 0));
        break;
    case 'X':
        evil_end_send_frame(p->evil, 20, GRILLE_FRAME_CALL, 0, 1, grille_bytes_of(zeros, 20));
        break;
    case 'S':
        evil_end_send_frame(p->evil, 0, GRILLE_FRAME_SETTINGS, 0, 0, grille_bytes_of(zeros, 0));
        break;
    case 'U':
        evil_end_send_frame(p->evil, 1, 200, GRILLE_FLAG_IGNORABLE, 0, grille_bytes_of(zeros, 1));
        break;
    case 'W':
        evil_end_send_frame(p->evil, 1, GRILLE_FRAME_GATE, 0, 1, grille_bytes_of(refused, 1));
        break;
    case 'Y':
        evil_end_send_frame(p->evil, 1, GRILLE_FRAME_GATE, GRILLE_FLAG_ACK, 0, grille_bytes_of(refused, 1));
        break;
    case 'z':
        evil_end_close_notify(p->evil);
        break;
    default:
        fail_msg("no token %c", token);
    }
}

static void run(play *p, const char *script) {
    for (const char *token = script; *token != '\0'; token++) {
        if (strchr("HVFJPKAkNZ", *token) != NULL)
            send_hello(p, *token);
        else if (strchr("EeBT", *token) != NULL)
            send_evidence(p, *token);
        else if (strchr("CcD", *token) != NULL)
            send_confirm(p, *token);
        else
            send_other(p, *token);
        pump(p);
    }
}

typedef struct script_row {
    const char *script;
    grille_reason expected; /* OK: the gate opens */
} script_row;

/* Against a responder in default order, and against an initiator that follows a responder which proves second: both
 * have sent HELLO and wait. The same messages in the same order are right for both. */
static const script_row common_rows[] = {
    {"HEC", GRILLE_REASON_OK},
    {"", GRILLE_REASON_MORE},
    {"H", GRILLE_REASON_MORE},
    {"HE", GRILLE_REASON_MORE},
    /* out of order, twice */
    {"E", GRILLE_REASON_GATE_ORDER},
    {"C", GRILLE_REASON_GATE_ORDER},
    {"Q", GRILLE_REASON_GATE_ORDER},
    {"HH", GRILLE_REASON_GATE_ORDER},
    {"HC", GRILLE_REASON_GATE_ORDER},
    {"HQ", GRILLE_REASON_GATE_ORDER},
    {"HEE", GRILLE_REASON_GATE_ORDER},
    {"HEH", GRILLE_REASON_GATE_ORDER},
    {"HEQ", GRILLE_REASON_GATE_ORDER},
    {"HECC", GRILLE_REASON_GATE_ORDER},
    {"HECE", GRILLE_REASON_GATE_ORDER},
    /* malformed */
    {"V", GRILLE_REASON_GATE_VERSION},
    {"P", GRILLE_REASON_GATE_EPOCH},
    {"Z", GRILLE_REASON_GATE_BAD_MESSAGE},
    {"0", GRILLE_REASON_GATE_BAD_MESSAGE},
    {"H0", GRILLE_REASON_GATE_BAD_MESSAGE},
    {"HE0", GRILLE_REASON_GATE_BAD_MESSAGE},
    {"n", GRILLE_REASON_WIRE_BAD_PAYLOAD},
    {"HT", GRILLE_REASON_GATE_BAD_MESSAGE},
    /* kinds */
    {"K", GRILLE_REASON_ATTEST_KIND_REFUSED},
    {"A", GRILLE_REASON_ATTEST_KIND_REFUSED},
    {"k", GRILLE_REASON_ATTEST_KIND_REFUSED},
    {"He", GRILLE_REASON_GATE_KIND},
    /* evidence and confirm of something else */
    {"HB", GRILLE_REASON_ATTEST_BINDER_MISMATCH},
    {"HEc", GRILLE_REASON_GATE_CONFIRM},
    {"HED", GRILLE_REASON_GATE_CONFIRM},
    /* too long: a Hello, a Confirm, a frame */
    {"O", GRILLE_REASON_GATE_TOO_LONG},
    {"HEo", GRILLE_REASON_GATE_TOO_LONG},
    {"M", GRILLE_REASON_WIRE_FRAME_TOO_LONG},
    {"HM", GRILLE_REASON_WIRE_FRAME_TOO_LONG},
    /* other frames */
    {"X", GRILLE_REASON_GATE_NOT_A_GATE_FRAME},
    {"S", GRILLE_REASON_GATE_NOT_A_GATE_FRAME},
    {"U", GRILLE_REASON_GATE_NOT_A_GATE_FRAME},
    {"HX", GRILLE_REASON_GATE_NOT_A_GATE_FRAME},
    {"HEX", GRILLE_REASON_GATE_NOT_A_GATE_FRAME},
    {"W", GRILLE_REASON_WIRE_BAD_STREAM},
    {"Y", GRILLE_REASON_WIRE_BAD_FLAGS},
    /* refused, closed */
    {"R", GRILLE_REASON_GATE_REFUSED_BY_PEER},
    {"HR", GRILLE_REASON_GATE_REFUSED_BY_PEER},
    {"HER", GRILLE_REASON_GATE_REFUSED_BY_PEER},
    {"HECR", GRILLE_REASON_GATE_REFUSED_BY_PEER},
    {"r", GRILLE_REASON_GATE_TOO_LONG},
    {"z", GRILLE_REASON_GATE_CLOSED},
    {"Hz", GRILLE_REASON_GATE_CLOSED},
    {"HEz", GRILLE_REASON_GATE_CLOSED},
};

static const script_row responder_rows[] = {
    {"F", GRILLE_REASON_GATE_BAD_MESSAGE}, /* only a responder may ask for that order */
    {"HECH", GRILLE_REASON_GATE_EPOCH},
    {"HECQ", GRILLE_REASON_GATE_ORDER},
};

static const script_row initiator_rows[] = {
    {"N", GRILLE_REASON_GATE_REFLECTED}, {"JEC", GRILLE_REASON_OK},
    {"JC", GRILLE_REASON_GATE_ORDER},    {"JJ", GRILLE_REASON_GATE_ORDER},
    {"JEE", GRILLE_REASON_GATE_ORDER},   {"JB", GRILLE_REASON_ATTEST_BINDER_MISMATCH},
    {"JEc", GRILLE_REASON_GATE_CONFIRM}, {"JED", GRILLE_REASON_GATE_CONFIRM},
    {"HECH", GRILLE_REASON_GATE_ORDER},  {"HECQ", GRILLE_REASON_OK},
    {"JECC", GRILLE_REASON_GATE_ORDER},  {"JER", GRILLE_REASON_GATE_REFUSED_BY_PEER},
};

/* After the gate is open GATE frames are the session's plaintext: hand them back as it does. */
static void hand_over_gate_frames(play *p) {
    grille_bytes rest = grille_bytes_of(p->side.read, p->side.read_len);
    grille_bytes payload;
    grille_frame_header header;
    while (rest.len > 0 && grille_frame_take(&rest, &header, &payload) == GRILLE_REASON_OK) {
        assert_int_equal(header.type, GRILLE_FRAME_GATE);
        p->side.last = grille_secure_gate_frame(p->side.secure, payload, p->clock.now_us, p->clock.wall_ms);
    }
    pump(p);
}

static void check(bool evil_initiates, grille_identity_kind real_kind, const script_row *row) {
    play *p = play_begin(evil_initiates, real_kind);
    const grille_error *failure = grille_secure_failure(p->side.secure);
    const bool told = row->expected != GRILLE_REASON_GATE_REFUSED_BY_PEER && row->expected != GRILLE_REASON_GATE_CLOSED;
    run(p, row->script);
    hand_over_gate_frames(p);
    if (row->expected == GRILLE_REASON_OK || row->expected == GRILLE_REASON_MORE) {
        if (p->side.last != GRILLE_REASON_OK) fail_msg("script %s: %s", row->script, failure->text);
        assert_int_equal(grille_secure_get_state(p->side.secure),
                         row->expected == GRILLE_REASON_OK ? GRILLE_SECURE_OPEN : GRILLE_SECURE_GATE);
        assert_int_equal(p->refused, 0);
        play_end(p);
        return;
    }
    if (p->side.last != row->expected)
        fail_msg("script %s (%s): %s (%s), expected %s", row->script, evil_initiates ? "responder" : "initiator",
                 grille_reason_name(p->side.last), failure->text, grille_reason_name(row->expected));
    assert_int_equal(grille_secure_get_state(p->side.secure), GRILLE_SECURE_FAILED);
    assert_string_equal(failure->name, grille_reason_name(row->expected));
    assert_int_not_equal(failure->text[0], '\0');
    /* one answer, whatever the reason */
    assert_int_equal(p->refused, told ? 1 : 0);
    assert_true(evil_end_is_closed(p->evil));
    assert_int_equal(p->other, 0);
    assert_int_equal(evil_end_plain(p->evil).len, 0);
    if (strchr(row->script, 'C') == NULL) assert_null(grille_secure_peer(p->side.secure));
    play_end(p);
}

#define CHECK_ROWS(evil_initiates, kind, rows)                                                                         \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++)                                                        \
    check((evil_initiates), (kind), &(rows)[i])

static void against_a_responder(void **state) {
    (void)state;
    CHECK_ROWS(true, GRILLE_IDENTITY_X509, common_rows);
    CHECK_ROWS(true, GRILLE_IDENTITY_X509, responder_rows);
}

static void against_a_responder_that_proves_second(void **state) {
    (void)state;
    CHECK_ROWS(true, GRILLE_IDENTITY_NITRO, common_rows);
    CHECK_ROWS(true, GRILLE_IDENTITY_NITRO, responder_rows);
}

static void against_an_initiator(void **state) {
    (void)state;
    CHECK_ROWS(false, GRILLE_IDENTITY_X509, common_rows);
    CHECK_ROWS(false, GRILLE_IDENTITY_X509, initiator_rows);
    CHECK_ROWS(false, GRILLE_IDENTITY_NITRO, common_rows);
    CHECK_ROWS(false, GRILLE_IDENTITY_NITRO, initiator_rows);
}

static void a_policy_may_rule_an_order_out(void **state) {
    play *p = play_begin(false, GRILLE_IDENTITY_X509);
    (void)state;
    p->policy.responder_first = true;
    run(p, "J");
    assert_int_equal(p->side.last, GRILLE_REASON_ATTEST_ORDER);
    assert_int_equal(p->identity.proved, 0);
    assert_int_equal(p->refused, 1);
    play_end(p);
}

/* Nobody is asked to sign for a peer that has not been verified, when that was the point of the order. */
static void an_enclave_proves_only_to_verified_callers(void **state) {
    play *p = play_begin(true, GRILLE_IDENTITY_NITRO);
    (void)state;
    run(p, "HB");
    assert_int_equal(p->side.last, GRILLE_REASON_ATTEST_BINDER_MISMATCH);
    assert_int_equal(p->policy.verified, 1);
    assert_int_equal(p->identity.proved, 0);
    play_end(p);
    p = play_begin(true, GRILLE_IDENTITY_NITRO);
    run(p, "HE");
    assert_int_equal(p->identity.proved, 1);
    play_end(p);
}

/* What is cheap to refuse costs no verification. */
static void cheap_checks_come_first(void **state) {
    static const char *const scripts[] = {"E", "V", "K", "Z", "He", "HT", "X", "O", "HC"};
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        play *p = play_begin(true, GRILLE_IDENTITY_X509);
        run(p, scripts[i]);
        assert_int_equal(grille_secure_get_state(p->side.secure), GRILLE_SECURE_FAILED);
        assert_int_equal(p->policy.verified, 0);
        play_end(p);
    }
}

/* A message that can't be right is refused by its frame's header and type byte, before the rest is waited for. */
static void a_wrong_message_is_not_waited_for(void **state) {
    static const uint8_t types[] = {GRILLE_GATE_EVIDENCE, GRILLE_GATE_CONFIRM, GRILLE_GATE_REQUEST};
    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        play *p = play_begin(true, GRILLE_IDENTITY_X509);
        evil_end_send_frame(p->evil, 40, GRILLE_FRAME_GATE, 0, 0, grille_bytes_of(&types[i], 1));
        pump(p);
        assert_int_equal(p->side.last, GRILLE_REASON_GATE_ORDER);
        play_end(p);
    }
}

/* An anonymous responder is never accepted, whatever the policy says. */
static void an_initiator_never_accepts_an_anonymous_responder(void **state) {
    play *p = play_begin(false, GRILLE_IDENTITY_X509);
    (void)state;
    p->policy.accepted_kinds = UINT32_MAX;
    run(p, "A");
    assert_int_equal(p->side.last, GRILLE_REASON_ATTEST_KIND_REFUSED);
    play_end(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_a_responder),
        cmocka_unit_test(against_a_responder_that_proves_second),
        cmocka_unit_test(against_an_initiator),
        cmocka_unit_test(a_policy_may_rule_an_order_out),
        cmocka_unit_test(an_enclave_proves_only_to_verified_callers),
        cmocka_unit_test(cheap_checks_come_first),
        cmocka_unit_test(a_wrong_message_is_not_waited_for),
        cmocka_unit_test(an_initiator_never_accepts_an_anonymous_responder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
