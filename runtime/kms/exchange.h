/* SPDX-License-Identifier: Apache-2.0
 * One request to a key service over HTTPS, and its answer: one TLS connection, one POST, sans-IO. The service is judged
 * before a byte of the request leaves: a path from one of the anchors to its certificate, its name, the time. One
 * thread at a time. */
#ifndef GRILLE_KMS_EXCHANGE_H
#define GRILLE_KMS_EXCHANGE_H

#include "attest/path_cache.h"
#include "base/budget.h"
#include "base/time.h"
#include "crypto/rsa.h"
#include "secure/tls_service.h"

typedef struct grille_kms_exchange grille_kms_exchange;

/* Everything that is pointed to is borrowed until grille_kms_exchange_free. */
typedef struct grille_kms_exchange_options {
    const grille_tls_functions *tls; /* grille_tls_of_services() */
    const grille_crypto *crypto;
    const grille_rsa *rsa;         /* grille_rsa_wolf(); NULL: a certificate with an RSA key or signature is refused */
    const char *host;              /* the service's DNS name, 1 to GRILLE_LIMIT_KMS_HOST_BYTES: SNI, and what its
                                      certificate must name byte for byte */
    const grille_bytes *anchors;   /* DER of the CAs that we trust */
    size_t anchor_count;           /* 1 to GRILLE_LIMIT_POLICY_AUTHORITIES */
    grille_path_cache *path_cache; /* NULL: none */
    grille_budget *budget;         /* of this connection; GRILLE_LIMIT_KMS_EXCHANGE_BYTES are enough */
    grille_time_us now_us;         /* monotonic */
    grille_wall_ms wall_now_ms;    /* judges the certificates */
    grille_bytes request;          /* whole, as kms/http.h writes it */
    uint8_t *answer;               /* the answer's body comes here */
    size_t answer_capacity;        /* GRILLE_LIMIT_KMS_ANSWER_BYTES are always enough */
} grille_kms_exchange_options;

/* An answer of any status; the body is a view into the caller's buffer. */
typedef struct grille_kms_exchange_result {
    unsigned status;
    grille_bytes body;
} grille_kms_exchange_result;

/* *exchange is the caller's until grille_kms_exchange_free; its first bytes are outgoing at once. BAD_ARGUMENT, BUDGET,
 * TLS_FAILED; *exchange is NULL then. */
GRILLE_MUST_USE grille_reason grille_kms_exchange_new(const grille_kms_exchange_options *options,
                                                      grille_kms_exchange **exchange, grille_error *error);
/* Wipes and frees; NULL is ignored. The request and the answer's buffer stay the caller's to wipe. */
void grille_kms_exchange_free(grille_kms_exchange *exchange);

/* Takes what came from the transport, all of it, in pieces of any size. MORE: send what is outgoing and go on; OK: the
 * answer is whole, *result is set, and close_notify is outgoing. Anything else is for good, the same on each later
 * call, and *error says why: the reasons of the certificate path (ATTEST_CERT_…), of TLS (TLS_…), of the answer
 * (kms/http.h: KMS_HTTP, KMS_ANSWER_LIMIT, TRAILING), KMS_CUT_SHORT (close_notify before the answer was whole), BUDGET.
 * What is outgoing then is TLS's alert. */
GRILLE_MUST_USE grille_reason grille_kms_exchange_feed(grille_kms_exchange *exchange, grille_bytes bytes,
                                                       grille_time_us now_us, grille_kms_exchange_result *result,
                                                       grille_error *error);

/* The transport has ended: no more bytes come. OK with the result when the answer was whole, with or without
 * close_notify, as it says itself where it ends; else the reason of an earlier failure, or KMS_CUT_SHORT and in the
 * text how far it came. */
GRILLE_MUST_USE grille_reason grille_kms_exchange_ended(grille_kms_exchange *exchange,
                                                        grille_kms_exchange_result *result, grille_error *error);

/* True where another connection may end better: KMS_CUT_SHORT. All else is a refusal, ours or the service's. */
bool grille_kms_exchange_is_worth_retry(grille_reason reason);

/* Bytes for the transport, borrowed until the next call on this exchange; and what was written of them. */
grille_bytes grille_kms_exchange_outgoing(const grille_kms_exchange *exchange);
void grille_kms_exchange_sent(grille_kms_exchange *exchange, size_t len);

#endif
