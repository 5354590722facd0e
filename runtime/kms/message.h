/* SPDX-License-Identifier: Apache-2.0
 * The bodies of AWS KMS's JSON (protocol "application/x-amz-json-1.1"): requests of an enclave with its attestation
 * document as `Recipient`, and their answers. Pure, no heap; any thread. */
#ifndef GRILLE_KMS_MESSAGE_H
#define GRILLE_KMS_MESSAGE_H

#include "base/bytes.h"
#include "base/writer.h"
#include "grille/kms.h"
#include "wire/limits.h"

typedef enum grille_kms_action {
    GRILLE_KMS_DECRYPT,
    GRILLE_KMS_GENERATE_DATA_KEY,
    GRILLE_KMS_GENERATE_RANDOM
} grille_kms_action;

/* Views, all of the caller's. */
typedef struct grille_kms_request {
    grille_kms_action action;
    grille_bytes key_arn;    /* Decrypt and GenerateDataKey: the key, and what the answer must name */
    grille_bytes ciphertext; /* Decrypt */
    size_t wanted_bytes;     /* GenerateDataKey and GenerateRandom */
    const grille_kms_pair *context;
    size_t context_count; /* none with GenerateRandom */
    grille_bytes attestation_document;
} grille_kms_request;

/* What is good in an answer; views into the caller's space. */
typedef struct grille_kms_answer {
    grille_bytes for_recipient; /* CiphertextForRecipient, for kms/cms.h */
    grille_bytes data_key;      /* GenerateDataKey: the new key under `key_arn`, to be kept and decrypted later */
} grille_kms_answer;

/* What the service said instead. For the operator: texts, no control characters, valid UTF-8. */
typedef struct grille_kms_error {
    unsigned status;
    char type[GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES + 1];       /* without its prefix; "" when there was none */
    char message[GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES + 1]; /* cut where longer */
} grille_kms_error;

/* The value of `x-amz-target`. Static storage. */
const char *grille_kms_target(grille_kms_action action);

/* Writes the body of a request. BAD_ARGUMENT: a field that its action needs is missing, that it does not know is there,
 * or one is over its limit; a text is not UTF-8 or has a NUL; the context has a key twice or an empty one. NO_SPACE.
 * Writes nothing on failure. */
GRILLE_MUST_USE grille_reason grille_kms_request_write(const grille_kms_request *request, grille_writer *body);

/* Reads what came on `request`. Decoded bytes go to `space`; as many as the body has are enough. On success `answer` is
 * complete. KMS_REFUSED and KMS_UNAVAILABLE (worth another attempt, kms/retry.h): the status is not 200, and `error`
 * says why. KMS_ANSWER: not one JSON object, a member twice, of a wrong type or missing, or in an algorithm not asked
 * for; KMS_BASE64; KMS_ANSWER_LIMIT: a ciphertext over its limit; KMS_KEY_ID: of another key than `key_arn`;
 * KMS_PLAINTEXT: the service sent the plaintext to whoever asks; NO_SPACE. Members that are not known are passed over.
 */
GRILLE_MUST_USE grille_reason grille_kms_answer_read(const grille_kms_request *request, unsigned status,
                                                     grille_bytes body, grille_writer *space, grille_kms_answer *answer,
                                                     grille_kms_error *error);

#endif
