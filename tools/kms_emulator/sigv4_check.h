/* SPDX-License-Identifier: Apache-2.0
 * Whether a request was signed by whom it names: AWS Signature Version 4 in its header form (AWS General Reference,
 * "Signing AWS API requests"), as the service checks it. Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_SIGV4_CHECK_H
#define GRILLE_TOOLS_KMS_EMULATOR_SIGV4_CHECK_H

#include "crypto/crypto.h"
#include "kms/header.h"
#include "kms_emulator/credentials.h"
#include "kms_emulator/errors.h"

/* How far the request's time may be from the service's. */
#define KMS_SIGNATURE_SKEW_MS (5 * 60 * 1000)

/* Header fields of one request: twice what SDKs send. */
#define KMS_HEADERS_MOST 48

/* Of an answer's message. */
#define KMS_SIGNATURE_MESSAGE_BYTES 512

/* A request as it came. Names in small letters, values without blanks at their ends and with single ones inside. Views,
 * all of the caller's. */
typedef struct kms_signed_request {
    const char *method;
    const kms_credentials *credentials;
    const char *region;
    grille_wall_ms now_ms;
    grille_bytes body;
    size_t header_count;
    grille_kms_header headers[KMS_HEADERS_MOST];
} kms_signed_request;

/* What was found. */
typedef struct kms_signature {
    kms_error error;                           /* NONE: it is good */
    const kms_credential *who;                 /* whose key it names, good or not; NULL: nobody's */
    char message[KMS_SIGNATURE_MESSAGE_BYTES]; /* "" where the error's own says it */
} kms_signature;

/* MISSING_TOKEN: no signature at all. INCOMPLETE_SIGNATURE: it can't be read. UNRECOGNIZED_CLIENT: nobody's access key,
 * or not its session token. EXPIRED_TOKEN: its time is over. INVALID_SIGNATURE: for another region, service, day or
 * time, without a header that must be signed, or not by that key. The request is to "/", without a query. */
void kms_signature_check(const grille_crypto *crypto, const kms_signed_request *request, kms_signature *found);

#endif
