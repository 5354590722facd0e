/* SPDX-License-Identifier: Apache-2.0
 * Peers that speak another TLS, or none: each gets TLS's own alert or nothing, and leaves one clear reason here. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "victim.h"

static void another_application_protocol(void **state) {
    (void)state;
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.alpn = "h2"}, GRILLE_REASON_TLS_ALPN,
                      alert_no_application_protocol);
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.alpn = "grille/2"}, GRILLE_REASON_TLS_ALPN,
                      alert_no_application_protocol);
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.alpn = "grille/"}, GRILLE_REASON_TLS_ALPN,
                      alert_no_application_protocol);
}

static void without_application_protocol(void **state) {
    (void)state;
    victim_meets_raw(GRILLE_RESPONDER, &(raw_tls_options){.client = true}, GRILLE_REASON_TLS_ALPN, alert_unknown_ca);
    victim_meets_raw(GRILLE_INITIATOR, &(raw_tls_options){.client = false}, GRILLE_REASON_TLS_ALPN, alert_unknown_ca);
}

static void a_chain_of_two(void **state) {
    (void)state;
    victim_meets_raw(GRILLE_RESPONDER,
                     &(raw_tls_options){.client = true, .alpn = GRILLE_SECURE_ALPN, .chain_of_two = true},
                     GRILLE_REASON_TLS_CHAIN_LENGTH, alert_unknown_ca);
    victim_meets_raw(GRILLE_INITIATOR,
                     &(raw_tls_options){.client = false, .alpn = GRILLE_SECURE_ALPN, .chain_of_two = true},
                     GRILLE_REASON_TLS_CHAIN_LENGTH, alert_unknown_ca);
}

static void no_common_key_exchange(void **state) {
    (void)state;
    victim_meets_raw(GRILLE_RESPONDER,
                     &(raw_tls_options){.client = true, .alpn = GRILLE_SECURE_ALPN, .only_p384 = true},
                     GRILLE_REASON_TLS_NOTHING_COMMON, alert_illegal_parameter);
}

static void no_common_cipher(void **state) {
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AES256);
    evil_end *evil = evil_end_new(
        &(evil_options){.role = GRILLE_TLS_CLIENT, .cipher = GRILLE_CIPHER_CHACHA20, .wall_ms = FORGE_NOW_MS});
    (void)state;
    victim_play_evil(v, evil);
    victim_assert_failed(v, GRILLE_REASON_TLS_NOTHING_COMMON);
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
    victim_assert_failed(v, GRILLE_REASON_TLS_VERSION);
    assert_plain_alert(v, alert_protocol_version);
    victim_end(v);
    v = victim_of(GRILLE_INITIATOR, GRILLE_CIPHER_AUTO);
    grille_secure_sent(v->side.secure, grille_secure_outgoing(v->side.secure).len);
    victim_feed(v, tls12_server_hello, sizeof tls12_server_hello);
    victim_assert_failed(v, GRILLE_REASON_TLS_VERSION);
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
                victim_assert_failed(v, GRILLE_REASON_GATE_DEADLINE);
            } else {
                victim_assert_failed(v, v->side.last);
                assert_int_equal(grille_reason_code(v->side.last), GRILLE_UNAVAILABLE);
            }
            victim_end(v);
        }
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
        victim_assert_failed(server, GRILLE_REASON_TLS_BAD_KEY_SHARE);
        evil_end_free(evil);

        evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_SERVER, .wall_ms = FORGE_NOW_MS});
        evil_end_feed(evil, grille_secure_outgoing(client->side.secure));
        grille_secure_sent(client->side.secure, grille_secure_outgoing(client->side.secure).len);
        len = copy_out(evil_end_outgoing(evil), bytes, sizeof bytes);
        len = 5 + ((size_t)bytes[3] << 8 | bytes[4]); /* the ServerHello's record alone */
        replace_share(bytes, len, low_order_points[i]);
        victim_feed(client, bytes, len);
        victim_assert_failed(client, GRILLE_REASON_TLS_BAD_KEY_SHARE);
        evil_end_free(evil);
        victim_end(server);
        victim_end(client);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_application_protocol),
        cmocka_unit_test(without_application_protocol),
        cmocka_unit_test(a_chain_of_two),
        cmocka_unit_test(no_common_key_exchange),
        cmocka_unit_test(no_common_cipher),
        cmocka_unit_test(tls_1_2),
        cmocka_unit_test(garbage),
        cmocka_unit_test(low_order_key_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
