/* SPDX-License-Identifier: Apache-2.0
 * The attestation document of a request ("Recipient"): verified as AWS KMS does, and what it says for key policies and
 * for the log. Any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_RECIPIENT_FACTS_H
#define GRILLE_TOOLS_KMS_EMULATOR_RECIPIENT_FACTS_H

#include <jansson.h>
#include <openssl/evp.h>

#include "grille/attest.h"
#include "kms_emulator/actions.h"
#include "kms_emulator/policy_facts.h"

/* Bytes of an attestation document on the wire: AWS's own ("RecipientInfo"). */
#define KMS_DOCUMENT_BYTES 262144

/* Caller's storage; views into the document. */
typedef struct kms_recipient {
    EVP_PKEY *key; /* what answers are encrypted for */
    grille_attest_facts facts;
} kms_recipient;

/* Verifies a document: signature, certificates up to one of the service's roots, not over five minutes old, and an RSA
 * public_key in it. Nonce and user_data are whatever they are: whoever has a document may show it for as long. Debug
 * enclaves pass, with their PCRs of zeros. False: refused; `problem` (GRILLE_ERROR_TEXT_BYTES and more) says why. */
GRILLE_MUST_USE bool kms_recipient_read(const kms_service *service, grille_bytes document, grille_wall_ms now_ms,
                                        kms_recipient *recipient, char *problem, size_t capacity);

/* Adds its PCRs: kms:RecipientAttestation:PCR<n> and ImageSha384. False: over a limit. */
GRILLE_MUST_USE bool kms_recipient_add_facts(const kms_recipient *recipient, key_policy_facts *facts);

/* additionalEventData.recipient of CloudTrail ("Monitoring requests for cryptographic attestation"): a new object, or
 * NULL without memory. */
json_t *kms_recipient_describe(const kms_recipient *recipient);

/* Frees the key; a zeroed one is fine. */
void kms_recipient_clear(kms_recipient *recipient);

#endif
