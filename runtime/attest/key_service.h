/* SPDX-License-Identifier: Apache-2.0
 * What a client of a key service (kms/) asks of an enclave's identity. */
#ifndef GRILLE_ATTEST_KEY_SERVICE_H
#define GRILLE_ATTEST_KEY_SERVICE_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/identity.h"
#include "grille/reasons.h"

/* user_data of documents that go to a key service: never taken for evidence of a channel, nor for what an application
 * asked for, whose prefixes are others. */
#define GRILLE_ATTEST_KEY_SERVICE_PREFIX "grille-kms-1"

/* Makes a document with this public key (SubjectPublicKeyInfo DER), the prefix above and no nonce: the service knows
 * none, and goes by the document's time. GRILLE_NSM_RESPONSE_MAX bytes are always enough. Blocks while the NSM works.
 * Any thread. BAD_ARGUMENT, ATTEST_IDENTITY (not an enclave's), NO_SPACE, the NSM's reasons. */
GRILLE_MUST_USE grille_reason grille_key_service_document(const grille_identity *identity, grille_bytes public_key,
                                                          uint8_t *document, size_t capacity, size_t *len,
                                                          grille_error *error);

/* The time by the documents that were made so far, for whatever use; false: none yet, or not an enclave's. Does not
 * block. Any thread. */
GRILLE_MUST_USE bool grille_key_service_time(const grille_identity *identity, grille_wall_ms *now_ms);

#endif
