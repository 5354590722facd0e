/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/service_error.h"

#include <string.h>

#include "kms/retry.h"

typedef struct known_error {
    const char *type;
    grille_kms_meaning meaning;
} known_error;

#define SIGNATURE                                                                                                      \
    {                                                                                                                  \
        GRILLE_REASON_KMS_REFUSED,                                                                                     \
            "the secret access key is of another id, or the region or host is not the service's",                      \
            "compare with aws sts get-caller-identity on the parent"                                                   \
    }
#define TOKEN                                                                                                          \
    {                                                                                                                  \
        GRILLE_REASON_KMS_REFUSED, "the credentials are of another system, or were taken back",                        \
            "look at where they come from: grille kms credentials"                                                     \
    }
#define THROTTLED                                                                                                      \
    {                                                                                                                  \
        GRILLE_REASON_KMS_THROTTLED, "the account makes more requests than its quota",                                 \
            "fewer calls at once, data keys that serve longer, or a higher quota"                                      \
    }

/* AWS KMS API Reference: errors of Decrypt, GenerateDataKey, GenerateRandom, and "Common errors". */
static const known_error errors[] = {
    {"AccessDeniedException",
     {GRILLE_REASON_KMS_REFUSED,
      "the key's policy does not allow this image, role, instance or these credentials; a debug enclave has PCRs of "
      "zeros",
      "compare it with the build's: grille kms policy measurements.json"}},
    {"NotFoundException",
     {GRILLE_REASON_KMS_NOT_FOUND, "the key is of another region or account, or was deleted",
      "aws kms describe-key --key-id ARN"}},
    {"DisabledException",
     {GRILLE_REASON_KMS_KEY_STATE, "somebody disabled the key", "aws kms enable-key --key-id ARN"}},
    {"KMSInvalidStateException",
     {GRILLE_REASON_KMS_KEY_STATE, "the key is about to be deleted", "aws kms describe-key --key-id ARN"}},
    {"InvalidKeyUsageException",
     {GRILLE_REASON_KMS_KEY_STATE, "the key is for signatures or MACs", "use one with KeyUsage ENCRYPT_DECRYPT"}},
    {"InvalidCiphertextException",
     {GRILLE_REASON_KMS_CIPHERTEXT, "it was damaged or swapped, or encrypted in another encryption context",
      "compare the context with the one of its encryption"}},
    {"IncorrectKeyException",
     {GRILLE_REASON_KMS_CIPHERTEXT, "it was encrypted under another key, or swapped by the parent",
      "compare the key with the one of its encryption"}},
    {"ValidationException",
     {GRILLE_REASON_KMS_INVALID, "the service does not accept the attestation document: of a simulated NSM, or too old",
      "send only a real enclave's to AWS; compare the enclave's clock"}},
    {"InvalidSignatureException", SIGNATURE},
    {"SignatureDoesNotMatch", SIGNATURE},
    {"ExpiredTokenException",
     {GRILLE_REASON_KMS_REFUSED, "the parent has not renewed its credentials", "look at the parent's log"}},
    {"UnrecognizedClientException", TOKEN},
    {"InvalidClientTokenId", TOKEN},
    {"MissingAuthenticationTokenException", TOKEN},
    {"ThrottlingException", THROTTLED},
    {"Throttling", THROTTLED},
    {"ThrottledException", THROTTLED},
    {"RequestThrottled", THROTTLED},
    {"RequestThrottledException", THROTTLED},
    {"RequestLimitExceeded", THROTTLED},
    {"TooManyRequestsException", THROTTLED},
    {"SlowDown", THROTTLED},
};

static const grille_kms_meaning throttled = THROTTLED;

grille_kms_meaning grille_kms_meaning_of(const grille_kms_error *error) {
    const grille_kms_meaning unavailable = {GRILLE_REASON_KMS_UNAVAILABLE, "the service has a bad moment",
                                            "try again later; look at its status page"};
    const grille_kms_meaning refused = {GRILLE_REASON_KMS_REFUSED, "the service does not take this request",
                                        "look its error up in the AWS KMS API Reference"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(error->type, errors[i].type) == 0) return errors[i].meaning;
    if (!grille_kms_is_worth_retry(error->status, error->type)) return refused;
    return error->status == 429 ? throttled : unavailable;
}

bool grille_kms_is_expired_token(const char *type) {
    return strcmp(type, "ExpiredTokenException") == 0 || strcmp(type, "ExpiredToken") == 0;
}
