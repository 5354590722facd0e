/* SPDX-License-Identifier: Apache-2.0
 * The value of `authorization` in AWS Signature Version 4, taken apart. Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_AUTHORIZATION_H
#define GRILLE_TOOLS_KMS_EMULATOR_AUTHORIZATION_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/bytes.h"

/* SHA-256 in hex. */
#define KMS_SIGNATURE_CHARACTERS 64

#define KMS_AUTHORIZATION_PROBLEM_BYTES 512

/* Views into the value. */
typedef struct kms_authorization {
    grille_bytes access_key_id, day, region, service, terminator; /* of Credential */
    grille_bytes signed_headers;                                  /* with ';' between them */
    grille_bytes signature;                                       /* KMS_SIGNATURE_CHARACTERS */
} kms_authorization;

/* "AWS4-HMAC-SHA256 Credential=KEY/20150830/REGION/SERVICE/aws4_request, SignedHeaders=host;x-amz-date,
 * Signature=HEX": the three in any order, once each, nothing else. False: `problem` says what AWS does. */
GRILLE_MUST_USE bool kms_authorization_read(grille_bytes value, kms_authorization *read,
                                            char problem[KMS_AUTHORIZATION_PROBLEM_BYTES]);

/* Takes the next of such names; false: no more. */
GRILLE_MUST_USE bool kms_signed_header_next(grille_bytes *names, grille_bytes *name);

/* "20150830T123600Z": ISO 8601's basic format, in UTC. */
GRILLE_MUST_USE bool kms_signature_time(const char *text, grille_wall_ms *at_ms);

#endif
