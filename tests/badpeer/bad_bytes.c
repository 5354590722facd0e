/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_bytes.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

static const uint8_t http[] = "GET / HTTP/1.1\r\nHost: enclave\r\n\r\n";
static const uint8_t http2[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const uint8_t zeros[64] = {0};
static const uint8_t ones[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* TLS records (RFC 8446 5.1) that can't come first. */
static const uint8_t data_first[] = {0x17, 0x03, 0x03, 0x00, 0x05, 'h', 'e', 'l', 'l', 'o'};
static const uint8_t finished_first[] = {0x16, 0x03, 0x01, 0x00, 0x04, 0x14, 0x00, 0x00, 0x00};
static const uint8_t alert_first[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28};
static const uint8_t record_too_long[] = {0x16, 0x03, 0x01, 0xff, 0xff};
static const uint8_t half_record[] = {0x16, 0x03, 0x01};

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

/* A ClientHello that claims 2^24 - 1 bytes, in records of the largest size: 64 KiB of it. */
static grille_bytes endless_hello(void) {
    enum { records = 4, body = 16384, record = 5 + body };
    static uint8_t bytes[records * record];
    for (size_t i = 0; i < records; i++) {
        const uint8_t header[5] = {0x16, 0x03, 0x01, body >> 8, body & 0xff};
        memcpy(bytes + i * record, header, sizeof header);
    }
    memcpy(bytes + 5, "\x01\xff\xff\xff\x03\x03", 6);
    return grille_bytes_of(bytes, sizeof bytes);
}

/* Records without content before any key: RFC 8446 5.1 forbids them for a handshake. */
static grille_bytes empty_records(void) {
    enum { records = 200 };
    static uint8_t bytes[records * 5];
    for (size_t i = 0; i < records; i++)
        memcpy(bytes + i * 5, "\x16\x03\x01\x00\x00", 5);
    return grille_bytes_of(bytes, sizeof bytes);
}

/* Handshake messages for the inside of TLS (RFC 8446 4): a second ClientHello, HelloRequest of TLS 1.2, a ticket, a
 * request for a certificate, several KeyUpdates in one record. */
static const uint8_t client_hello_message[] = {
    0x01, 0x00, 0x00, 0x2a, 0x03, 0x03, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,   14,   15, 16, 17,
    18,   19,   20,   21,   22,   23,   24, 25, 26, 27, 28, 29, 30, 31, 32, 0,  0,  2,  0x13, 0x01, 1,  0,  0};
static const uint8_t hello_request[] = {0x00, 0x00, 0x00, 0x00};
static const uint8_t ticket[] = {0x04, 0x00, 0x00, 0x12, 0, 0,   0x0e, 0x10, 1,   2, 3,
                                 4,    1,    9,    0,    4, 't', 'i',  'c',  'k', 0, 0};
static const uint8_t certificate_request[] = {0x0d, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x08, 0x00,
                                              0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03};
static const uint8_t bad_key_update[] = {0x18, 0x00, 0x00, 0x01, 0x02};

typedef struct named_bytes {
    const char *name;
    const uint8_t *data;
    size_t len;
} named_bytes;

#define NAMED(name, array)                                                                                             \
    { name, array, sizeof array }

grille_bytes bad_bytes(const char *name) {
    static const named_bytes all[] = {
        {"http", http, sizeof http - 1},
        {"http2", http2, sizeof http2 - 1},
        NAMED("zeros", zeros),
        NAMED("ones", ones),
        NAMED("data-first", data_first),
        NAMED("finished-first", finished_first),
        NAMED("alert-first", alert_first),
        NAMED("record-too-long", record_too_long),
        NAMED("half-record", half_record),
        NAMED("tls12-client-hello", tls12_client_hello),
        NAMED("tls12-server-hello", tls12_server_hello),
        NAMED("client-hello", client_hello_message),
        NAMED("hello-request", hello_request),
        NAMED("ticket", ticket),
        NAMED("certificate-request", certificate_request),
        NAMED("bad-key-update", bad_key_update),
    };
    if (strcmp(name, "endless-hello") == 0) return endless_hello();
    if (strcmp(name, "empty-records") == 0) return empty_records();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, all[i].name) == 0) return grille_bytes_of(all[i].data, all[i].len);
    fail_msg("no bytes of the name %s", name);
    return grille_bytes_of(NULL, 0);
}
