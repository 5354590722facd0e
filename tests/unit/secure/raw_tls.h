/* SPDX-License-Identifier: Apache-2.0
 * A TLS 1.3 peer straight from wolfSSL, with what our own end can't be made to do. */
#ifndef GRILLE_TESTS_UNIT_SECURE_RAW_TLS_H
#define GRILLE_TESTS_UNIT_SECURE_RAW_TLS_H

#include <stdbool.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include "grille/bytes.h"

typedef struct raw_tls_options {
    bool client;
    const char *alpn;           /* NULL: none */
    bool chain_of_two;          /* a CA's certificate follows the leaf */
    bool only_p384;             /* key exchange */
    const uint8_t *certificate; /* DER instead of a fresh leaf, with its key (SEC1 DER) */
    size_t certificate_len;
    const uint8_t *key;
    size_t key_len;
    const uint8_t *sent; /* certificate_len bytes that the peer gets in the certificate's place, whatever they are */
} raw_tls_options;

typedef struct raw_tls {
    WOLFSSL_CTX *context;
    WOLFSSL *ssl;
    bool client;
    uint8_t in[65536];
    size_t in_len;
    size_t in_taken;
    uint8_t out[65536];
    size_t out_len;
} raw_tls;

/* All assert. */
void raw_tls_init(raw_tls *raw, const raw_tls_options *options);
void raw_tls_deinit(raw_tls *raw);
void raw_tls_feed(raw_tls *raw, grille_bytes bytes);
/* True when finished. */
bool raw_tls_handshake(raw_tls *raw);
/* Number of the fatal alert that came, or -1. */
int raw_tls_alert(raw_tls *raw);

#endif
