/* SPDX-License-Identifier: Apache-2.0
 * What the service answers in place of a result: AWS KMS API reference, "Errors" of each action and "Common Errors".
 * Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_ERRORS_H
#define GRILLE_TOOLS_KMS_EMULATOR_ERRORS_H

/* Name, type on the wire, HTTP status, message where nobody has a better one. */
#define KMS_ERROR_MAP(X)                                                                                               \
    X(ACCESS_DENIED, "AccessDeniedException", 400,                                                                     \
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are " \
      "not allowed to access.")                                                                                        \
    X(ALREADY_EXISTS, "AlreadyExistsException", 400, "An alias with this name already exists")                         \
    X(DEPENDENCY_TIMEOUT, "DependencyTimeoutException", 503,                                                           \
      "The system timed out while trying to fulfill the request. You can retry the request.")                          \
    X(DISABLED, "DisabledException", 400, "The KMS key is disabled.")                                                  \
    X(DRY_RUN, "DryRunOperationException", 412, "The request would have succeeded, but the DryRun option is set.")     \
    X(EXPIRED_TOKEN, "ExpiredTokenException", 400, "The security token included in the request is expired")            \
    X(INCOMPLETE_SIGNATURE, "IncompleteSignatureException", 400,                                                       \
      "The request signature does not conform to AWS standards.")                                                      \
    X(INCORRECT_KEY, "IncorrectKeyException", 400,                                                                     \
      "The key ID in the request does not identify a CMK that can perform this operation.")                            \
    X(INTERNAL, "KMSInternalException", 500, "An internal error occurred. You can retry the request.")                 \
    X(INVALID_ALIAS_NAME, "InvalidAliasNameException", 400, "Alias must start with the prefix \"alias/\".")            \
    X(INVALID_ARN, "InvalidArnException", 400, "Invalid ARN")                                                          \
    X(INVALID_CIPHERTEXT, "InvalidCiphertextException", 400, "")                                                       \
    X(INVALID_GRANT_TOKEN, "InvalidGrantTokenException", 400, "The specified grant token is not valid.")               \
    X(INVALID_KEY_USAGE, "InvalidKeyUsageException", 400, "The key usage does not allow this operation.")              \
    X(INVALID_MARKER, "InvalidMarkerException", 400, "Could not deserialize marker")                                   \
    X(INVALID_SIGNATURE, "InvalidSignatureException", 400,                                                             \
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "   \
      "Key and signing method. Consult the service documentation for details.")                                        \
    X(INVALID_STATE, "KMSInvalidStateException", 400, "The KMS key's state does not allow this operation.")            \
    X(KEY_UNAVAILABLE, "KeyUnavailableException", 500,                                                                 \
      "The specified KMS key was not available. You can retry the request.")                                           \
    X(LIMIT_EXCEEDED, "LimitExceededException", 400, "A quota was exceeded.")                                          \
    X(MALFORMED_POLICY, "MalformedPolicyDocumentException", 400, "The policy is not well formed.")                     \
    X(MISSING_TOKEN, "MissingAuthenticationTokenException", 400, "Missing Authentication Token")                       \
    X(NOT_FOUND, "NotFoundException", 400, "The key does not exist.")                                                  \
    X(REQUEST_EXPIRED, "RequestExpired", 400, "The request's time is too far from the service's.")                     \
    X(REQUEST_TOO_LARGE, "RequestEntityTooLargeException", 413, "The request is too large.")                           \
    X(SERIALIZATION, "SerializationException", 400, "The request could not be read as JSON.")                          \
    X(THROTTLING, "ThrottlingException", 400, "Rate exceeded")                                                         \
    X(UNKNOWN_OPERATION, "UnknownOperationException", 400, "")                                                         \
    X(UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 400,                                                         \
      "The security token included in the request is invalid.")                                                        \
    X(UNSUPPORTED_OPERATION, "UnsupportedOperationException", 400, "The operation is not supported.")                  \
    X(VALIDATION, "ValidationException", 400, "The request is not valid.")

typedef enum kms_error {
    KMS_ERROR_NONE,
#define X(name, type, status, message) KMS_ERROR_##name,
    KMS_ERROR_MAP(X)
#undef X
        KMS_ERROR_COUNT
} kms_error;

/* Static storage; "" and 200 for NONE. */
const char *kms_error_type(kms_error error);
unsigned kms_error_status(kms_error error);
const char *kms_error_message(kms_error error);

#endif
