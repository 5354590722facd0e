/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/retry.h"

#include <stddef.h>
#include <string.h>

typedef struct known_type {
    const char *name;
    bool is_worth_retry;
} known_type;

/* AWS KMS API Reference, "Common errors" and those of Decrypt, GenerateDataKey and GenerateRandom; AWS SDKs and Tools
 * Reference Guide, "Retry behavior". */
static const known_type types[] = {
    {"DependencyTimeoutException", true},
    {"InternalFailure", true},
    {"KMSInternalException", true},
    {"KeyUnavailableException", true},
    {"RequestLimitExceeded", true},
    {"RequestThrottled", true},
    {"RequestThrottledException", true},
    {"RequestTimeout", true},
    {"RequestTimeoutException", true},
    {"ServiceUnavailable", true},
    {"ServiceUnavailableException", true},
    {"SlowDown", true},
    {"ThrottledException", true},
    {"Throttling", true},
    {"ThrottlingException", true},
    {"TooManyRequestsException", true},
    {"AccessDenied", false},
    {"AccessDeniedException", false},
    {"DisabledException", false},
    {"DryRunOperationException", false},
    {"ExpiredTokenException", false},
    {"IncompleteSignature", false},
    {"IncompleteSignatureException", false},
    {"IncorrectKeyException", false},
    {"InvalidAction", false},
    {"InvalidCiphertextException", false},
    {"InvalidClientTokenId", false},
    {"InvalidGrantTokenException", false},
    {"InvalidKeyUsageException", false},
    {"InvalidSignatureException", false},
    {"KMSInvalidStateException", false},
    {"MissingAuthenticationToken", false},
    {"MissingAuthenticationTokenException", false},
    {"NotAuthorized", false},
    {"NotFoundException", false},
    {"OptInRequired", false},
    {"RequestExpired", false},
    {"SignatureDoesNotMatch", false},
    {"UnrecognizedClientException", false},
    {"UnsupportedOperationException", false},
    {"ValidationError", false},
    {"ValidationException", false},
};

bool grille_kms_is_worth_retry(unsigned status, const char *type) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i].name) == 0) return types[i].is_worth_retry;
    return status == 429 || (status >= 500 && status <= 599);
}
