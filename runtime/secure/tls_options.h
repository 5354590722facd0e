/* SPDX-License-Identifier: Apache-2.0
 * What one end of a TLS connection is made of (tls.h). */
#ifndef GRILLE_SECURE_TLS_OPTIONS_H
#define GRILLE_SECURE_TLS_OPTIONS_H

#include <stdbool.h>

#include "base/budget.h"
#include "base/time.h"

typedef struct grille_tls grille_tls;

typedef enum grille_tls_role { GRILLE_TLS_CLIENT, GRILLE_TLS_SERVER } grille_tls_role;

/* AUTO offers all, AES-128-GCM first where the CPU has AES, else ChaCha20-Poly1305; the others offer one only. */
typedef enum grille_cipher {
    GRILLE_CIPHER_AUTO,
    GRILLE_CIPHER_AES128,
    GRILLE_CIPHER_AES256,
    GRILLE_CIPHER_CHACHA20
} grille_cipher;

/* Certificates that one peer may send, whatever `max_chain` says. */
#define GRILLE_TLS_CHAIN_MAX 8

/* Judges the peer's certificates (DER, leaf first, borrowed). It is asked only when TLS found nothing wrong with them
 * but that their issuer is unknown. OK accepts; anything else ends the handshake with an alert, and `error` says why to
 * the local operator. */
typedef grille_reason grille_tls_verify_fn(void *user, const grille_bytes *chain, size_t count, grille_error *error);

typedef struct grille_tls_options {
    grille_tls_role role;
    grille_cipher cipher;
    const char *alpn;         /* the only protocol offered and accepted (RFC 7301); copied */
    size_t max_chain;         /* certificates that the peer may send, 1 to GRILLE_TLS_CHAIN_MAX */
    bool ask_certificate;     /* a server asks for one and fails without; a client always needs the server's */
    grille_bytes certificate; /* own leaf, DER; copied; empty: none (clients only) */
    grille_bytes key;         /* its key, SEC1 DER (RFC 5915); copied */
    uint64_t records_per_key; /* KeyUpdate after so many records written; 0: GRILLE_LIMIT_RECORDS_PER_KEY */
    grille_tls_verify_fn *verify;
    void *verify_user;
    const char *server_name; /* ends of tls_service.h only: sent by a client (SNI, RFC 6066 3); copied; NULL: none */
    grille_budget *budget;   /* outlives the end */
    grille_time_us now_us;   /* the KeyUpdate bucket starts here */
} grille_tls_options;

#endif
