/* SPDX-License-Identifier: Apache-2.0
 * Inside of one TLS end; included by tls*.c only. */
#ifndef GRILLE_SECURE_TLS_PRIVATE_H
#define GRILLE_SECURE_TLS_PRIVATE_H

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include "base/rate_limit.h"
#include "secure/byte_queue.h"
#include "secure/tls.h"
#include "secure/tls_alloc.h"
#include "secure/tls_kind.h"

enum { tls_record_header_bytes = 5, tls_record_plain_bytes = 16384, tls_alpn_bytes = 32 };

/* Where in the peer's stream of records wolfSSL has read to, so that it gets one record per call. */
typedef struct tls_record_cursor {
    uint8_t header[tls_record_header_bytes];
    size_t header_len;
    size_t body_left;
    size_t finished; /* records handed over whole in this call */
} tls_record_cursor;

/* What each record touches stands first. */
struct grille_tls {
    WOLFSSL *ssl;
    grille_budget *budget;
    grille_bytes fed; /* borrowed */
    uint64_t taken_bytes;
    uint64_t records_written; /* under the current key */
    uint64_t records_per_key;
    bool finished;
    bool exported;
    bool closed;
    bool shut;
    bool dead;
    tls_record_cursor cursor;
    grille_byte_queue outgoing;
    grille_byte_queue retained; /* fed earlier and copied; read before `fed` */
    grille_reason io_reason;    /* why IOSend failed */
    uint64_t key_updates;
    grille_rate_limit control; /* records without data from the peer */
    grille_tls_verify_fn *verify;
    void *verify_user;
    size_t max_chain;
    grille_tls_role role;
    char alpn[tls_alpn_bytes];
    grille_reason hook_reason; /* why the verify hook said no */
    grille_error *hook_error;  /* the caller's, during a handshake call */
};

/* tls_io.c: wolfSSL's transport. */
int grille_tls_io_receive(WOLFSSL *ssl, char *buffer, int size, void *context);
int grille_tls_io_send(WOLFSSL *ssl, char *buffer, int size, void *context);
/* Starts one call into wolfSSL that may take one record. */
void grille_tls_io_begin(grille_tls *tls);

/* tls_verify.c: wolfSSL's verify callback. */
int grille_tls_verify_callback(int preverify, WOLFSSL_X509_STORE_CTX *store);
/* The peer agreed to our ALPN protocol, and to no other. */
bool grille_tls_alpn_agreed(const grille_tls *tls);

/* tls_error.c: the end is dead; the peer is sent this alert (RFC 8446 6.2), unless either side has said one. */
void grille_tls_die(grille_tls *tls, int alert);
/* Turns wolfSSL's answer into a reason and an explanation, and lets the end die. `refused`: an allocation was refused
 * during the call. */
grille_reason grille_tls_fail(grille_tls *tls, int result, bool refused, const char *what, grille_error *error);

#endif
