/* SPDX-License-Identifier: Apache-2.0
 * Peers that fail before the gate: each gets TLS's own alert or nothing, and leaves one clear reason here. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "evil_end.h"
#include "fake_evidence.h"
#include "forge.h"
#include "raw_tls.h"
#include "secure_pair.h"
#include "wire/frame.h"

/* Alerts of RFC 8446 6.2. */
enum {
    alert_handshake_failure = 40,
    alert_bad_certificate = 42,
    alert_illegal_parameter = 47,
    alert_unknown_ca = 48, /* for whatever the verify hook refuses */
    alert_decrypt_error = 51,
    alert_protocol_version = 70,
    alert_certificate_required = 116,
    alert_no_application_protocol = 120
};

typedef struct victim {
    secure_side side;
    secure_pair clock;
    grille_identity identity;
    grille_policy policy;
} victim;

static victim *victim_of(grille_secure_role role, grille_cipher cipher) {
    victim *v = calloc(1, sizeof *v);
    secure_pair_options options = {.initiator_cipher = cipher, .responder_cipher = cipher};
    grille_secure_options end;
    assert_non_null(v);
    v->identity.kind = GRILLE_IDENTITY_X509;
    v->policy.accepted_kinds = 1u << GRILLE_IDENTITY_X509;
    options.initiator_identity = options.responder_identity = &v->identity;
    options.initiator_policy = options.responder_policy = &v->policy;
    v->clock.now_us = 1000;
    v->clock.wall_ms = FORGE_NOW_MS;
    grille_budget_init(&v->side.budget, 1 << 20);
    end = secure_pair_end_options(&v->clock, &options, role, &v->side.budget);
    assert_int_equal(grille_secure_new(&end, &v->side.secure, &v->side.error), GRILLE_REASON_OK);
    return v;
}

static void victim_end(victim *v) {
    grille_secure_free(v->side.secure);
    assert_int_equal(v->side.budget.used_bytes, 0);
    free(v);
}

static void victim_feed(victim *v, const void *data, size_t len) {
    uint8_t *copy = malloc(len > 0 ? len : 1);
    grille_reason reason = GRILLE_REASON_OK;
    assert_non_null(copy);
    if (len > 0) memcpy(copy, data, len);
    reason = grille_secure_feed(v->side.secure, grille_bytes_of(copy, len));
    free(copy); /* before the gate is open nothing is borrowed */
    if (reason != GRILLE_REASON_OK) v->side.last = reason;
    secure_side_run(&v->side, v->clock.now_us, v->clock.wall_ms);
}

static void assert_failed(const victim *v, grille_reason expected) {
    const grille_error *failure = grille_secure_failure(v->side.secure);
    if (v->side.last != expected)
        fail_msg("%s (%s), expected %s", grille_reason_name(v->side.last), failure->text, grille_reason_name(expected));
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
    assert_string_equal(failure->name, grille_reason_name(expected));
    assert_true(strlen(failure->text) > 0);
    assert_null(grille_secure_peer(v->side.secure));
    assert_int_equal(v->identity.proved, 0);
    assert_int_equal(v->policy.verified, 0);
}

static void play_evil(victim *v, evil_end *evil) {
    bool moved = true;
    while (moved) {
        const grille_bytes to_victim = evil_end_outgoing(evil);
        grille_bytes to_evil;
        moved = to_victim.len > 0;
        if (moved) {
            victim_feed(v, to_victim.data, to_victim.len);
            evil_end_sent(evil, to_victim.len);
        }
        to_evil = grille_secure_outgoing(v->side.secure);
        if (to_evil.len == 0) continue;
        evil_end_feed(evil, to_evil);
        grille_secure_sent(v->side.secure, to_evil.len);
        moved = true;
    }
}

static void play_raw(victim *v, raw_tls *raw) {
    bool moved = true;
    while (moved) {
        grille_bytes to_raw;
        (void)raw_tls_handshake(raw);
        moved = raw->out_len > 0;
        if (moved) victim_feed(v, raw->out, raw->out_len);
        raw->out_len = 0;
        to_raw = grille_secure_outgoing(v->side.secure);
        if (to_raw.len == 0) continue;
        raw_tls_feed(raw, to_raw);
        grille_secure_sent(v->side.secure, to_raw.len);
        moved = true;
    }
}

/* One TLS leaf against one role. */
static void check_evil(grille_secure_role role, evil_options options, grille_reason expected, int alert) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    evil_end *evil = NULL;
    options.role = role == GRILLE_RESPONDER ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER;
    if (options.wall_ms == 0) options.wall_ms = FORGE_NOW_MS;
    evil = evil_end_new(&options);
    play_evil(v, evil);
    if (expected == GRILLE_REASON_OK) {
        assert_string_equal(grille_secure_failure(v->side.secure)->text, "");
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    } else {
        assert_failed(v, expected);
        assert_int_equal(evil_end_alert(evil), alert);
    }
    evil_end_free(evil);
    victim_end(v);
}

static void check_leaf(const grille_leaf *leaf, grille_reason expected, int alert) {
    check_evil(GRILLE_RESPONDER, (evil_options){.leaf = leaf}, expected, alert);
    check_evil(GRILLE_INITIATOR, (evil_options){.leaf = leaf}, expected, alert);
}

/* A leaf with any certificate over a fresh P-256 key. */
static grille_leaf leaf_of(const forge_template *about, const forge_identity *issuer) {
    grille_leaf leaf = {0};
    forge_identity made;
    forge_certificate(about, issuer, &made);
    assert_true(made.len <= sizeof leaf.certificate);
    memcpy(leaf.certificate, made.der, made.len);
    leaf.certificate_len = made.len;
    assert_int_equal(grille_crypto_wolf()->key_export(made.key, leaf.key, sizeof leaf.key, &leaf.key_len),
                     GRILLE_REASON_OK);
    forge_free(&made);
    return leaf;
}

static forge_template plain_leaf(void) {
    forge_template about = forge_template_of("grille", GRILLE_P256);
    forge_key_usage(&about, true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
    return about;
}

static void a_right_leaf_reaches_the_gate(void **state) {
    const forge_template about = plain_leaf();
    const grille_leaf leaf = leaf_of(&about, NULL);
    (void)state;
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
}

static void another_key_than_the_certificates(void **state) {
    grille_leaf leaf;
    grille_leaf other;
    (void)state;
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), FORGE_NOW_MS, &leaf), GRILLE_REASON_OK);
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), FORGE_NOW_MS, &other), GRILLE_REASON_OK);
    memcpy(leaf.key, other.key, other.key_len);
    leaf.key_len = other.key_len;
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_SIGNATURE, alert_decrypt_error);
}

static void outside_of_its_validity(void **state) {
    forge_template about = plain_leaf();
    grille_leaf leaf;
    (void)state;
    about.not_before_ms = FORGE_NOW_MS - 2 * FORGE_HOUR_MS;
    about.not_after_ms = FORGE_NOW_MS;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about.not_after_ms = FORGE_NOW_MS - 1000;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
    about.not_before_ms = FORGE_NOW_MS;
    about.not_after_ms = FORGE_NOW_MS + FORGE_HOUR_MS;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about.not_before_ms = FORGE_NOW_MS + 1000;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
}

static void clocks_may_differ_by_a_day(void **state) {
    const grille_wall_ms day = 24 * FORGE_HOUR_MS;
    (void)state;
    check_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS - day}, GRILLE_REASON_OK, -1);
    check_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS + day}, GRILLE_REASON_OK, -1);
    check_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS - day - 1000},
               GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
    check_evil(GRILLE_INITIATOR, (evil_options){.wall_ms = FORGE_NOW_MS + day + 1000},
               GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
}

static void another_kind_of_certificate(void **state) {
    const forge_template ca_about = forge_ca("Some CA", GRILLE_P256);
    forge_template about = plain_leaf();
    forge_identity ca;
    grille_leaf leaf;
    (void)state;
    forge_certificate(&ca_about, NULL, &ca);
    leaf = leaf_of(&about, &ca);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_unknown_ca);
    forge_free(&ca);
    about = plain_leaf();
    forge_add(&about, "\x2a\x03\x04", 3, true, "\x05\x00", 2);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_unknown_ca);
}

/* What wolfSSL finds besides the unknown issuer stays an error: here a key that is for something else. */
static void a_key_for_another_purpose(void **state) {
    forge_template about = plain_leaf();
    grille_leaf leaf;
    (void)state;
    forge_extended_key_usage(&about, true, true);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about = plain_leaf();
    forge_extended_key_usage(&about, false, false);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_bad_certificate);
}

/* Every prefix, one byte more, every bit flipped in what the certificate is made of: refused or read, never past it. */
static void a_damaged_certificate(void **state) {
    const forge_template about = plain_leaf();
    grille_leaf leaf = leaf_of(&about, NULL);
    const grille_bytes whole = grille_bytes_of(leaf.certificate, leaf.certificate_len);
    grille_bytes spki = {NULL, 0};
    uint8_t *copy = NULL;
    (void)state;
    assert_int_equal(grille_leaf_read(whole, FORGE_NOW_MS, &spki, NULL), GRILLE_REASON_OK);
    assert_int_equal(spki.len, 91);
    for (size_t len = 0; len < whole.len; len++) {
        copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, len);
        assert_int_equal(grille_leaf_read(grille_bytes_of(copy, len), FORGE_NOW_MS, &spki, NULL),
                         GRILLE_REASON_TLS_BAD_CERTIFICATE);
        free(copy);
    }
    copy = malloc(whole.len + 1);
    assert_non_null(copy);
    memcpy(copy, whole.data, whole.len);
    copy[whole.len] = 0;
    assert_int_equal(grille_leaf_read(grille_bytes_of(copy, whole.len + 1), FORGE_NOW_MS, &spki, NULL),
                     GRILLE_REASON_TLS_BAD_CERTIFICATE);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (grille_leaf_read(grille_bytes_of(copy, whole.len), FORGE_NOW_MS, &spki, NULL) == GRILLE_REASON_OK)
            assert_true(spki.data >= copy && spki.data + spki.len <= copy + whole.len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(copy);
}

/* A leaf of exactly so many bytes, padded with extensions that nobody knows. */
static void make_leaf_of_bytes(size_t bytes, forge_identity *made) {
    static const uint8_t padding[256];
    forge_template about = plain_leaf();
    forge_extension *last = NULL;
    forge_add(&about, "\x2a\x03\x01", 3, false, padding, 200);
    forge_add(&about, "\x2a\x03\x02", 3, false, padding, 200);
    forge_add(&about, "\x2a\x03\x03", 3, false, padding, 150);
    last = &about.extensions[about.extension_count - 1];
    for (;;) { /* a signature's DER is one byte shorter now and then */
        forge_certificate(&about, NULL, made);
        if (made->len == bytes) return;
        last->len = made->len < bytes ? last->len + 1 : last->len - 1;
        forge_free(made);
    }
}

/* A certificate and key that a grille_leaf does not hold. */
static void check_forged(grille_secure_role role, const forge_identity *made, grille_reason expected) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    raw_tls_options options = {.client = role == GRILLE_RESPONDER,
                               .alpn = GRILLE_SECURE_ALPN,
                               .certificate = made->der,
                               .certificate_len = made->len};
    uint8_t key[256];
    raw_tls *raw = malloc(sizeof *raw);
    assert_non_null(raw);
    options.key = key;
    assert_int_equal(grille_crypto_wolf()->key_export(made->key, key, sizeof key, &options.key_len), GRILLE_REASON_OK);
    raw_tls_init(raw, &options);
    play_raw(v, raw);
    if (expected == GRILLE_REASON_OK)
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    else
        assert_failed(v, expected);
    raw_tls_deinit(raw);
    free(raw);
    victim_end(v);
}

static void check_leaf_of_bytes(grille_secure_role role, size_t bytes, grille_reason expected) {
    forge_identity made;
    make_leaf_of_bytes(bytes, &made);
    check_forged(role, &made, expected);
    forge_free(&made);
}

static void a_p384_leaf(void **state) {
    const forge_template about = forge_template_of("grille", GRILLE_P384);
    forge_identity made;
    (void)state;
    forge_certificate(&about, NULL, &made);
    check_forged(GRILLE_INITIATOR, &made, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    check_forged(GRILLE_RESPONDER, &made, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    forge_free(&made);
}

static void a_certificate_over_the_limit(void **state) {
    (void)state;
    for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER; role++) {
        check_leaf_of_bytes((grille_secure_role)role, GRILLE_CERTIFICATE_MAX, GRILLE_REASON_OK);
        check_leaf_of_bytes((grille_secure_role)role, GRILLE_CERTIFICATE_MAX + 1, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    }
}

static void no_client_certificate(void **state) {
    (void)state;
    check_evil(GRILLE_RESPONDER, (evil_options){.no_certificate = true}, GRILLE_REASON_TLS_NO_CERTIFICATE,
               alert_certificate_required);
}

static void another_application_protocol(void **state) {
    (void)state;
    check_evil(GRILLE_RESPONDER, (evil_options){.alpn = "h2"}, GRILLE_REASON_TLS_ALPN, alert_no_application_protocol);
    check_evil(GRILLE_RESPONDER, (evil_options){.alpn = "grille/2"}, GRILLE_REASON_TLS_ALPN,
               alert_no_application_protocol);
    check_evil(GRILLE_RESPONDER, (evil_options){.alpn = "grille/"}, GRILLE_REASON_TLS_ALPN,
               alert_no_application_protocol);
}

static void check_raw(grille_secure_role role, const raw_tls_options *options, grille_reason expected, int alert) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    raw_tls *raw = malloc(sizeof *raw);
    assert_non_null(raw);
    raw_tls_init(raw, options);
    play_raw(v, raw);
    assert_failed(v, expected);
    assert_int_equal(raw_tls_alert(raw), alert);
    raw_tls_deinit(raw);
    free(raw);
    victim_end(v);
}

static void without_application_protocol(void **state) {
    (void)state;
    check_raw(GRILLE_RESPONDER, &(raw_tls_options){.client = true}, GRILLE_REASON_TLS_ALPN, alert_unknown_ca);
    check_raw(GRILLE_INITIATOR, &(raw_tls_options){.client = false}, GRILLE_REASON_TLS_ALPN, alert_unknown_ca);
}

static void a_chain_of_two(void **state) {
    (void)state;
    check_raw(GRILLE_RESPONDER, &(raw_tls_options){.client = true, .alpn = GRILLE_SECURE_ALPN, .chain_of_two = true},
              GRILLE_REASON_TLS_CHAIN_LENGTH, alert_unknown_ca);
    check_raw(GRILLE_INITIATOR, &(raw_tls_options){.client = false, .alpn = GRILLE_SECURE_ALPN, .chain_of_two = true},
              GRILLE_REASON_TLS_CHAIN_LENGTH, alert_unknown_ca);
}

static void no_common_key_exchange(void **state) {
    (void)state;
    check_raw(GRILLE_RESPONDER, &(raw_tls_options){.client = true, .alpn = GRILLE_SECURE_ALPN, .only_p384 = true},
              GRILLE_REASON_TLS_NOTHING_COMMON, alert_illegal_parameter);
}

static void no_common_cipher(void **state) {
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AES256);
    evil_end *evil = evil_end_new(
        &(evil_options){.role = GRILLE_TLS_CLIENT, .cipher = GRILLE_CIPHER_CHACHA20, .wall_ms = FORGE_NOW_MS});
    (void)state;
    play_evil(v, evil);
    assert_failed(v, GRILLE_REASON_TLS_NOTHING_COMMON);
    assert_int_equal(evil_end_alert(evil), alert_handshake_failure);
    evil_end_free(evil);
    victim_end(v);
}

/* A right TLS 1.2 ClientHello: no supported_versions. */
static const uint8_t tls12_client_hello[] = {
    0x16, 0x03, 0x01, 0x00, 0x49, 0x01, 0x00, 0x00, 0x45, 0x03, 0x03, /* record, ClientHello, TLS 1.2 */
    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12, 13, 14, 15, 16,   17,
    18,   19,   20,   21,   22,   23,   24,   25,   26,   27,   28,   29, 30, 31, 32, 0x00, /* random, no session id */
    0x00, 0x04, 0xc0, 0x2b, 0xc0, 0x2c,                     /* ECDHE-ECDSA with AES-GCM */
    0x01, 0x00,                                             /* no compression */
    0x00, 0x18,                                             /* extensions */
    0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17,         /* supported_groups: P-256 */
    0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,                     /* ec_point_formats */
    0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 5,    3 /* signature_algorithms */
};

/* A right TLS 1.2 ServerHello: cipher suite, no compression, renegotiation_info. */
static const uint8_t tls12_server_hello[] = {
    0x16, 0x03, 0x03, 0x00, 0x31, 0x02, 0x00, 0x00, 0x2d, 0x03, 0x03, 1,    2,    3,    4,    5,    6,    7,
    8,    9,    10,   11,   12,   13,   14,   15,   16,   17,   18,   19,   20,   21,   22,   23,   24,   25,
    26,   27,   28,   29,   30,   31,   32,   0x00, 0xc0, 0x2b, 0x00, 0x00, 0x05, 0xff, 0x01, 0x00, 0x01, 0x00};

static void assert_plain_alert(const victim *v, uint8_t alert) {
    const grille_bytes outgoing = grille_secure_outgoing(v->side.secure);
    assert_true(outgoing.len > 0);
    assert_int_equal(outgoing.len % 7, 0); /* wolfSSL may say it twice */
    for (size_t i = 0; i < outgoing.len; i += 7) {
        assert_int_equal(outgoing.data[i], 0x15);
        assert_int_equal(outgoing.data[i + 5], 2);
        assert_int_equal(outgoing.data[i + 6], alert);
    }
}

static void tls_1_2(void **state) {
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    (void)state;
    assert_int_equal(sizeof tls12_client_hello, 5 + 0x49);
    victim_feed(v, tls12_client_hello, sizeof tls12_client_hello);
    assert_failed(v, GRILLE_REASON_TLS_VERSION);
    assert_plain_alert(v, alert_protocol_version);
    victim_end(v);
    v = victim_of(GRILLE_INITIATOR, GRILLE_CIPHER_AUTO);
    grille_secure_sent(v->side.secure, grille_secure_outgoing(v->side.secure).len);
    victim_feed(v, tls12_server_hello, sizeof tls12_server_hello);
    assert_failed(v, GRILLE_REASON_TLS_VERSION);
    assert_plain_alert(v, alert_protocol_version);
    victim_end(v);
}

typedef struct garbage_row {
    const char *bytes;
    size_t len;
} garbage_row;

#define GARBAGE(text)                                                                                                  \
    { (text), sizeof(text) - 1 }

static void garbage(void **state) {
    static const garbage_row rows[] = {
        GARBAGE("GET / HTTP/1.1\r\nHost: enclave\r\n\r\n"),
        GARBAGE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        GARBAGE("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        GARBAGE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        GARBAGE("\x17\x03\x03\x00\x05hello"),            /* application data before any key */
        GARBAGE("\x15\x03\x03\x00\x02\x02\x28"),         /* a fatal alert */
        GARBAGE("\x16\x03\x01\x00\x00"),                 /* an empty record */
        GARBAGE("\x16\x03\x01\x42\x01"),                 /* a record over 2^14 + 256 */
        GARBAGE("\x16\x03\x01\x00\x04\x14\x00\x00\x00"), /* Finished */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER; role++) {
            victim *v = victim_of((grille_secure_role)role, GRILLE_CIPHER_AUTO);
            victim_feed(v, rows[i].bytes, rows[i].len);
            if (grille_secure_get_state(v->side.secure) != GRILLE_SECURE_FAILED) {
                /* It looked like the start of a longer record: silence then ends it. */
                v->clock.now_us += (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;
                secure_side_run(&v->side, v->clock.now_us, v->clock.wall_ms);
                assert_failed(v, GRILLE_REASON_GATE_DEADLINE);
            } else {
                assert_failed(v, v->side.last);
                assert_int_equal(grille_reason_code(v->side.last), GRILLE_UNAVAILABLE);
            }
            victim_end(v);
        }
}

static void silence_ends_at_the_deadline(void **state) {
    const grille_time_us limit_us = (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;
    (void)state;
    for (size_t half = 0; half < sizeof tls12_client_hello - 20; half += 50) {
        victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
        const grille_time_us start_us = v->clock.now_us;
        victim_feed(v, tls12_client_hello, half);
        assert_int_equal(grille_secure_expiry(v->side.secure), start_us + limit_us);
        assert_int_equal(grille_secure_step(v->side.secure, start_us + limit_us - 1, FORGE_NOW_MS), GRILLE_REASON_OK);
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_HANDSHAKE);
        assert_int_equal(grille_secure_step(v->side.secure, start_us + limit_us, FORGE_NOW_MS),
                         GRILLE_REASON_GATE_DEADLINE);
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
        assert_int_equal(grille_secure_expiry(v->side.secure), GRILLE_TIME_NEVER);
        assert_int_equal(grille_secure_outgoing(v->side.secure).len, 0);
        victim_end(v);
    }
}

/* After TLS the deadline still counts from the first byte, and is told as every failure of the gate. */
static void silence_in_the_gate_ends_too(void **state) {
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
    uint8_t payload[100];
    size_t len = 0;
    (void)state;
    play_evil(v, evil);
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    v->clock.now_us += (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;
    secure_side_run(&v->side, v->clock.now_us, v->clock.wall_ms);
    assert_failed(v, GRILLE_REASON_GATE_DEADLINE);
    play_evil(v, evil);
    assert_true(evil_end_take_gate(evil, payload, sizeof payload, &len));
    assert_int_equal(len, 1);
    assert_int_equal(payload[0], GRILLE_GATE_REFUSED);
    assert_true(evil_end_is_closed(evil));
    evil_end_free(evil);
    victim_end(v);
}

/* Points of small order (RFC 7748 6.1, and their aliases): the secret would be zero whatever our key. */
static const char *const low_order_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* Puts the point where the hello has its X25519 share: group 0x001d, length 32. */
static void replace_share(uint8_t *hello, size_t len, const char *point) {
    static const uint8_t mark[] = {0x00, 0x1d, 0x00, 0x20};
    size_t decoded = 0;
    for (size_t i = 0; i + sizeof mark + 32 <= len; i++) {
        if (memcmp(hello + i, mark, sizeof mark) != 0) continue;
        assert_true(grille_hex_decode(point, 64, hello + i + sizeof mark, 32, &decoded));
        return;
    }
    fail_msg("no X25519 share in the hello");
}

static size_t copy_out(grille_bytes from, uint8_t *to, size_t capacity) {
    assert_true(from.len <= capacity);
    memcpy(to, from.data, from.len);
    return from.len;
}

static void low_order_key_shares(void **state) {
    uint8_t bytes[4096];
    (void)state;
    for (size_t i = 0; i < sizeof low_order_points / sizeof low_order_points[0]; i++) {
        victim *server = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
        victim *client = victim_of(GRILLE_INITIATOR, GRILLE_CIPHER_AUTO);
        evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
        size_t len = copy_out(evil_end_outgoing(evil), bytes, sizeof bytes);
        replace_share(bytes, len, low_order_points[i]);
        victim_feed(server, bytes, len);
        assert_failed(server, GRILLE_REASON_TLS_BAD_KEY_SHARE);
        evil_end_free(evil);

        evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_SERVER, .wall_ms = FORGE_NOW_MS});
        evil_end_feed(evil, grille_secure_outgoing(client->side.secure));
        grille_secure_sent(client->side.secure, grille_secure_outgoing(client->side.secure).len);
        len = copy_out(evil_end_outgoing(evil), bytes, sizeof bytes);
        len = 5 + ((size_t)bytes[3] << 8 | bytes[4]); /* the ServerHello's record alone */
        replace_share(bytes, len, low_order_points[i]);
        victim_feed(client, bytes, len);
        assert_failed(client, GRILLE_REASON_TLS_BAD_KEY_SHARE);
        evil_end_free(evil);
        victim_end(server);
        victim_end(client);
    }
}

/* Ciphertext counts too: evidence in records of one byte reaches the limit with little of it. */
static void more_than_32_kib_before_confirm(void **state) {
    static const uint8_t nonce[GRILLE_GATE_NONCE_BYTES] = {7};
    const uint8_t start[] = {0x3f, 0xf8, GRILLE_FRAME_GATE, 0, 0, 0, 0, 0, GRILLE_GATE_EVIDENCE};
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
    uint8_t hello[GRILLE_GATE_HELLO_MAX];
    size_t fed = evil_end_outgoing(evil).len; /* the ClientHello */
    size_t before = 0;
    (void)state;
    victim_feed(v, evil_end_outgoing(evil).data, fed);
    evil_end_sent(evil, fed);
    evil_end_feed(evil, grille_secure_outgoing(v->side.secure));
    evil_end_send_gate(evil, grille_bytes_of(hello, evil_hello(0, 0, nonce, GRILLE_IDENTITY_X509, hello)));
    evil_end_write(evil, grille_bytes_of(start, sizeof start));
    while (grille_secure_get_state(v->side.secure) != GRILLE_SECURE_FAILED) {
        const grille_bytes outgoing = evil_end_outgoing(evil);
        before = fed;
        fed += outgoing.len;
        victim_feed(v, outgoing.data, outgoing.len);
        evil_end_sent(evil, outgoing.len);
        assert_true(fed < 2 * GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
        evil_end_write(evil, grille_bytes_of("x", 1));
    }
    assert_int_equal(v->side.last, GRILLE_REASON_GATE_TOO_MUCH);
    assert_true(before <= GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_true(fed > GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_true(v->side.budget.peak_bytes < 200000);
    evil_end_free(evil);
    victim_end(v);
}

/* Bytes are only buffered as far as there is room; an owner that feeds more ends the channel. */
static void more_than_there_is_room_for(void **state) {
    static const uint8_t zeros[GRILLE_LIMIT_BEFORE_CONFIRM_BYTES + 1];
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    (void)state;
    assert_int_equal(grille_secure_room(v->side.secure), GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, GRILLE_LIMIT_BEFORE_CONFIRM_BYTES)),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_secure_room(v->side.secure), 0);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, 1)), GRILLE_REASON_GATE_TOO_MUCH);
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
    victim_end(v);
    v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, sizeof zeros)),
                     GRILLE_REASON_GATE_TOO_MUCH);
    victim_end(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_leaf_reaches_the_gate),
        cmocka_unit_test(another_key_than_the_certificates),
        cmocka_unit_test(outside_of_its_validity),
        cmocka_unit_test(clocks_may_differ_by_a_day),
        cmocka_unit_test(another_kind_of_certificate),
        cmocka_unit_test(a_key_for_another_purpose),
        cmocka_unit_test(a_damaged_certificate),
        cmocka_unit_test(a_p384_leaf),
        cmocka_unit_test(a_certificate_over_the_limit),
        cmocka_unit_test(no_client_certificate),
        cmocka_unit_test(another_application_protocol),
        cmocka_unit_test(without_application_protocol),
        cmocka_unit_test(a_chain_of_two),
        cmocka_unit_test(no_common_key_exchange),
        cmocka_unit_test(no_common_cipher),
        cmocka_unit_test(tls_1_2),
        cmocka_unit_test(garbage),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(silence_in_the_gate_ends_too),
        cmocka_unit_test(low_order_key_shares),
        cmocka_unit_test(more_than_32_kib_before_confirm),
        cmocka_unit_test(more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
