/* SPDX-License-Identifier: Apache-2.0 */
#include "evil_end.h"

#include <stdlib.h>
#include <string.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "secure/key_schedule.h"
#include "secure/tls_private.h"
#include "wire/frame.h"

/* wolfssl/internal.h declares it, among names that would collide with ours. */
int BuildTls13Message(WOLFSSL *ssl, byte *output, int output_size, const byte *input, int input_size, int type,
                      int hash_output, int size_only, int async_okay);

struct evil_end {
    grille_budget budget;
    grille_tls *tls;
    grille_tls_role role;
    grille_leaf leaf;
    grille_byte_queue plain;
    uint8_t peer_leaf[GRILLE_CERTIFICATE_MAX];
    size_t peer_leaf_len;
    grille_bytes peer_spki;
    uint8_t exporter[GRILLE_GATE_KEY_BYTES];
    bool up;
    grille_reason failure;
};

/* The attacker takes everybody. */
static grille_reason take_leaf(void *user, const grille_bytes *chain, size_t count, grille_error *error) {
    evil_end *evil = user;
    grille_x509 certificate;
    (void)count;
    (void)error;
    assert_true(chain[0].len <= sizeof evil->peer_leaf);
    memcpy(evil->peer_leaf, chain[0].data, chain[0].len);
    evil->peer_leaf_len = chain[0].len;
    assert_int_equal(grille_x509_read(evil_end_peer_leaf(evil), &certificate), GRILLE_REASON_OK);
    evil->peer_spki = certificate.spki;
    return GRILLE_REASON_OK;
}

static void handshake(evil_end *evil) {
    grille_reason reason = GRILLE_REASON_MORE;
    size_t before = SIZE_MAX;
    while (reason == GRILLE_REASON_MORE && grille_tls_unread(evil->tls) != before) {
        before = grille_tls_unread(evil->tls);
        reason = grille_tls_handshake(evil->tls, NULL);
    }
    if (reason == GRILLE_REASON_MORE) return;
    evil->failure = reason;
    if (reason != GRILLE_REASON_OK) return;
    evil->up = true;
    /* Where there is nothing to export, the attacker takes it for zeros. */
    if (grille_tls_export(evil->tls, GRILLE_GATE_EXPORTER_LABEL, evil->exporter, sizeof evil->exporter) !=
        GRILLE_REASON_OK)
        memset(evil->exporter, 0, sizeof evil->exporter);
}

evil_end *evil_end_new(const evil_options *options) {
    evil_end *evil = calloc(1, sizeof *evil);
    grille_tls_options tls = {.role = options->role,
                              .cipher = options->cipher,
                              .alpn = options->alpn != NULL ? options->alpn : GRILLE_SECURE_ALPN,
                              .max_chain = GRILLE_TLS_CHAIN_MAX,
                              .ask_certificate = true,
                              .records_per_key = options->records_per_key,
                              .verify = take_leaf};
    assert_non_null(evil);
    grille_budget_init(&evil->budget, 1 << 24);
    grille_byte_queue_init(&evil->plain, &evil->budget);
    evil->role = options->role;
    if (options->leaf != NULL)
        evil->leaf = *options->leaf;
    else
        assert_int_equal(grille_leaf_make(grille_crypto_wolf(), options->wall_ms, &evil->leaf), GRILLE_REASON_OK);
    tls.budget = &evil->budget;
    tls.verify_user = evil;
    if (!options->no_certificate) {
        tls.certificate = grille_bytes_of(evil->leaf.certificate, evil->leaf.certificate_len);
        tls.key = grille_bytes_of(evil->leaf.key, evil->leaf.key_len);
    }
    assert_int_equal(grille_tls_new(&tls, &evil->tls, NULL), GRILLE_REASON_OK);
    if (options->role == GRILLE_TLS_CLIENT) handshake(evil);
    return evil;
}

void evil_end_free(evil_end *evil) {
    if (evil == NULL) return;
    grille_tls_free(evil->tls);
    grille_byte_queue_deinit(&evil->plain);
    assert_int_equal(evil->budget.used_bytes, 0);
    free(evil);
}

static void read_plain(evil_end *evil) {
    grille_reason reason = GRILLE_REASON_OK;
    while (reason == GRILLE_REASON_OK) {
        uint8_t *room = NULL;
        size_t len = 0;
        assert_int_equal(grille_byte_queue_reserve(&evil->plain, 16384, &room), GRILLE_REASON_OK);
        reason = grille_tls_read(evil->tls, room, 16384, &len, 0, NULL);
        grille_byte_queue_commit(&evil->plain, len);
    }
    if (reason != GRILLE_REASON_MORE) evil->failure = reason;
}

void evil_end_feed(evil_end *evil, grille_bytes bytes) {
    if (evil->failure != GRILLE_REASON_OK) return;
    assert_int_equal(grille_tls_feed(evil->tls, bytes), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_retain(evil->tls), GRILLE_REASON_OK);
    if (!evil->up) handshake(evil);
    if (evil->up && evil->failure == GRILLE_REASON_OK) read_plain(evil);
}

grille_bytes evil_end_outgoing(const evil_end *evil) {
    return grille_tls_outgoing(evil->tls);
}

void evil_end_sent(evil_end *evil, size_t len) {
    grille_tls_sent(evil->tls, len);
}

static bool to_side(evil_end *evil, secure_side *side, grille_time_us now_us, grille_wall_ms wall_ms) {
    const grille_bytes outgoing = evil_end_outgoing(evil);
    const size_t room = grille_secure_room(side->secure);
    const size_t len = outgoing.len < room ? outgoing.len : room;
    grille_reason reason = GRILLE_REASON_OK;
    if (len == 0) return false;
    reason = grille_secure_feed(side->secure, grille_bytes_of(outgoing.data, len));
    if (reason != GRILLE_REASON_OK) side->last = reason;
    secure_side_run(side, now_us, wall_ms); /* while OPEN the bytes are borrowed until here */
    evil_end_sent(evil, len);
    return true;
}

static bool from_side(evil_end *evil, secure_side *side) {
    const grille_bytes outgoing = grille_secure_outgoing(side->secure);
    if (outgoing.len == 0) return false;
    evil_end_feed(evil, outgoing);
    grille_secure_sent(side->secure, outgoing.len);
    return true;
}

void evil_end_pump(evil_end *evil, secure_side *side, grille_time_us now_us, grille_wall_ms wall_ms) {
    bool moved = true;
    while (moved) {
        moved = to_side(evil, side, now_us, wall_ms);
        moved = from_side(evil, side) || moved;
    }
}

bool evil_end_is_up(const evil_end *evil) {
    return evil->up;
}

bool evil_end_is_closed(const evil_end *evil) {
    return grille_tls_is_closed(evil->tls);
}

grille_reason evil_end_failure(const evil_end *evil) {
    return evil->failure;
}

int evil_end_alert(const evil_end *evil) {
    return grille_tls_peer_alert(evil->tls);
}

void evil_end_write(evil_end *evil, grille_bytes plain) {
    assert_int_equal(grille_tls_write(evil->tls, plain, NULL), GRILLE_REASON_OK);
}

void evil_end_send_frame(evil_end *evil, uint16_t length, uint8_t type, uint8_t flags, uint32_t stream,
                         grille_bytes payload) {
    const grille_frame_header header = {.length = length, .type = type, .flags = flags, .stream = stream};
    static uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 65535];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    grille_frame_header_write(&writer, &header);
    grille_write_bytes(&writer, payload);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    evil_end_write(evil, grille_written(&writer));
}

void evil_end_send_record(evil_end *evil, uint8_t content_type, grille_bytes content) {
    static uint8_t record[tls_record_header_bytes + 16384 + 256];
    const grille_tls_alloc_scope scope = grille_tls_alloc_enter(&evil->budget);
    int len = 0;
    assert_true(content.len <= 16384);
    if (content.len > 0) memcpy(record + tls_record_header_bytes, content.data, content.len);
    len = BuildTls13Message(evil->tls->ssl, record, (int)sizeof record, record + tls_record_header_bytes,
                            (int)content.len, content_type, 0, 0, 0);
    (void)grille_tls_alloc_leave(scope);
    assert_true(len > 0);
    assert_int_equal(grille_byte_queue_append(&evil->tls->outgoing, grille_bytes_of(record, (size_t)len)),
                     GRILLE_REASON_OK);
}

void evil_end_update_key(evil_end *evil) {
    const grille_tls_alloc_scope scope = grille_tls_alloc_enter(&evil->budget);
    const int result = wolfSSL_update_keys(evil->tls->ssl);
    (void)grille_tls_alloc_leave(scope);
    assert_int_equal(result, WOLFSSL_SUCCESS);
}

void evil_end_send_gate(evil_end *evil, grille_bytes payload) {
    evil_end_send_frame(evil, (uint16_t)payload.len, GRILLE_FRAME_GATE, 0, 0, payload);
}

void evil_end_close_notify(evil_end *evil) {
    grille_tls_shutdown(evil->tls);
}

grille_bytes evil_end_plain(const evil_end *evil) {
    return grille_byte_queue_view(&evil->plain);
}

bool evil_end_take_gate(evil_end *evil, uint8_t *payload, size_t capacity, size_t *len) {
    const grille_bytes plain = evil_end_plain(evil);
    grille_bytes rest = plain;
    grille_bytes taken = {NULL, 0};
    grille_frame_header header;
    if (grille_frame_take(&rest, &header, &taken) != GRILLE_REASON_OK || header.type != GRILLE_FRAME_GATE) return false;
    assert_true(taken.len <= capacity);
    memcpy(payload, taken.data, taken.len);
    *len = taken.len;
    grille_byte_queue_consume(&evil->plain, plain.len - rest.len);
    return true;
}

void evil_end_drop(evil_end *evil, size_t len) {
    grille_byte_queue_consume(&evil->plain, len);
}

const grille_leaf *evil_end_leaf(const evil_end *evil) {
    return &evil->leaf;
}

grille_bytes evil_end_peer_leaf(const evil_end *evil) {
    return grille_bytes_of(evil->peer_leaf, evil->peer_leaf_len);
}

grille_bytes evil_end_peer_spki(const evil_end *evil) {
    return evil->peer_spki;
}

static void context(const evil_end *evil, const evil_hellos *hellos, uint8_t ctx[GRILLE_GATE_KEY_BYTES]) {
    const bool initiator = evil->role == GRILLE_TLS_CLIENT;
    const grille_bytes own = grille_bytes_of(evil->leaf.certificate, evil->leaf.certificate_len);
    const grille_gate_transcript transcript = {.suite = grille_tls_suite(evil->tls),
                                               .alpn = grille_bytes_of_text(GRILLE_SECURE_ALPN),
                                               .leaf_i = initiator ? own : evil_end_peer_leaf(evil),
                                               .leaf_r = initiator ? evil_end_peer_leaf(evil) : own,
                                               .hello_i = hellos->initiator,
                                               .hello_r = hellos->responder,
                                               .epoch = hellos->epoch,
                                               .previous_th = hellos->previous_th};
    assert_int_equal(grille_gate_context(grille_crypto_wolf(), &transcript, ctx), GRILLE_REASON_OK);
}

static grille_bytes nonce_of(grille_bytes hello) {
    assert_true(hello.len >= 7 + GRILLE_GATE_NONCE_BYTES);
    return grille_bytes_of(hello.data + 7, GRILLE_GATE_NONCE_BYTES);
}

grille_binding evil_end_binding(const evil_end *evil, const evil_hellos *hellos, char prover, grille_bytes claims) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const bool ours = (prover == 'I') == (evil->role == GRILLE_TLS_CLIENT);
    const grille_bytes own = grille_bytes_of(evil->leaf.spki, evil->leaf.spki_len);
    grille_binding binding = {.prover_role = prover,
                              .verifier_nonce = nonce_of(prover == 'I' ? hellos->responder : hellos->initiator),
                              .prover_spki = ours ? own : evil->peer_spki,
                              .verifier_spki = ours ? evil->peer_spki : own,
                              .claims = claims};
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    uint8_t key[GRILLE_GATE_KEY_BYTES];
    context(evil, hellos, ctx);
    assert_int_equal(
        grille_gate_evidence_key(crypto, grille_bytes_of(evil->exporter, sizeof evil->exporter), prover, ctx, key),
        GRILLE_REASON_OK);
    assert_int_equal(grille_gate_binder(crypto, prover, key, ctx, binding.prover_spki, claims, binding.binder),
                     GRILLE_REASON_OK);
    return binding;
}

void evil_end_th(const evil_end *evil, const evil_hellos *hellos, grille_bytes evidence_r, grille_bytes evidence_i,
                 uint8_t th[GRILLE_GATE_KEY_BYTES]) {
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    context(evil, hellos, ctx);
    assert_int_equal(grille_gate_transcript_hash(grille_crypto_wolf(), ctx, evidence_r, evidence_i, th),
                     GRILLE_REASON_OK);
}

size_t evil_end_confirm(const evil_end *evil, const evil_hellos *hellos, char role, grille_bytes evidence_r,
                        grille_bytes evidence_i, uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES]) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    uint8_t key[GRILLE_GATE_KEY_BYTES];
    uint8_t th[GRILLE_GATE_KEY_BYTES];
    context(evil, hellos, ctx);
    assert_int_equal(
        grille_gate_confirm_key(crypto, grille_bytes_of(evil->exporter, sizeof evil->exporter), role, ctx, key),
        GRILLE_REASON_OK);
    assert_int_equal(grille_gate_transcript_hash(crypto, ctx, evidence_r, evidence_i, th), GRILLE_REASON_OK);
    payload[0] = GRILLE_GATE_CONFIRM;
    assert_int_equal(grille_gate_confirm(crypto, key, th, payload + 1), GRILLE_REASON_OK);
    return 1 + GRILLE_GATE_CONFIRM_BYTES;
}

size_t evil_hello(uint8_t flags, uint32_t epoch, const uint8_t nonce[GRILLE_GATE_NONCE_BYTES], uint8_t kind,
                  uint8_t payload[GRILLE_GATE_HELLO_MAX]) {
    grille_gate_hello hello = {.flags = flags, .epoch = epoch, .kind_count = 1, .kinds = {kind}};
    grille_writer writer = grille_writer_into(payload, GRILLE_GATE_HELLO_MAX);
    memcpy(hello.nonce, nonce, sizeof hello.nonce);
    grille_gate_hello_write(&writer, &hello);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return grille_written(&writer).len;
}

size_t evil_evidence(uint8_t kind, grille_bytes claims, grille_bytes body, uint8_t *payload, size_t capacity) {
    const grille_gate_evidence evidence = {.kind = kind, .claims = claims, .body = body};
    grille_writer writer = grille_writer_into(payload, capacity);
    grille_gate_evidence_write(&writer, &evidence);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return grille_written(&writer).len;
}
