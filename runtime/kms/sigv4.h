/* SPDX-License-Identifier: Apache-2.0
 * AWS Signature Version 4 in its header form (AWS General Reference, "Signing AWS API requests"). What is signed is
 * what is sent: the request is taken only in its canonical form, never changed. Pure, no heap; any thread. */
#ifndef GRILLE_KMS_SIGV4_H
#define GRILLE_KMS_SIGV4_H

#include "base/time.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "kms/header.h"

/* "20150830T123600Z" and its terminator. */
#define GRILLE_SIGV4_TIME_BYTES 17

typedef struct grille_sigv4_time {
    char text[GRILLE_SIGV4_TIME_BYTES];
} grille_sigv4_time;

/* Views, all of the caller's. */
typedef struct grille_sigv4_credentials {
    grille_bytes access_key_id;
    grille_bytes secret_access_key;
    grille_bytes session_token; /* empty: keys that do not expire */
} grille_sigv4_credentials;

typedef struct grille_sigv4_request {
    const char *method;
    grille_bytes path;  /* URI-encoded, "/" at least */
    grille_bytes query; /* encoded and sorted; empty without */
    const grille_kms_header *headers;
    size_t header_count;
    grille_bytes body;
    const char *region;
    const char *service;
} grille_sigv4_request;

/* The value of `x-amz-date` (UTC, milliseconds cut). BAD_ARGUMENT: before 1970 or after 9999. */
GRILLE_MUST_USE grille_reason grille_sigv4_time_of(grille_wall_ms now_ms, grille_sigv4_time *time);

/* The signing key of one day ("20150830"), region and service: 32 secret bytes, the caller's to wipe; zeros on failure.
 * BAD_ARGUMENT: the secret is empty or over GRILLE_LIMIT_KMS_SECRET_BYTES. */
GRILLE_MUST_USE grille_reason grille_sigv4_key(const grille_crypto *crypto, grille_bytes secret_access_key,
                                               grille_bytes day, const char *region, const char *service,
                                               uint8_t key[GRILLE_SHA256_BYTES]);

/* Writes the value of `authorization`. All headers are signed: valid (header.h), by ascending names, once each; `host`
 * is among them, `x-amz-date` stands for `time`, `x-amz-security-token` is the session token and absent without one.
 * BAD_ARGUMENT: anything else, an access key id, region or service that is no word (header.h), or over
 * GRILLE_LIMIT_KMS_HEADERS; NO_SPACE; the crypto's reasons. Writes nothing on failure. */
GRILLE_MUST_USE grille_reason grille_sigv4_sign(const grille_crypto *crypto,
                                                const grille_sigv4_credentials *credentials,
                                                const grille_sigv4_request *request, const grille_sigv4_time *time,
                                                grille_writer *authorization);

#endif
