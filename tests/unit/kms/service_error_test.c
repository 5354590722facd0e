/* SPDX-License-Identifier: Apache-2.0
 * Goal: each error of the service has the code that its caller needs and advice for its operator, and is retried
 * exactly where the rule of retries says so. */
#include "kms/service_error.h"

#include <stdio.h>
#include <string.h>

#include "client_tests.h"
#include "cmocka_all.h"
#include "kms/retry.h"

typedef struct row {
    unsigned status;
    const char *type;
    grille_reason reason;
    grille_code code;
} row;

static const row rows[] = {
    {400, "AccessDeniedException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "AccessDenied", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "NotFoundException", GRILLE_REASON_KMS_NOT_FOUND, GRILLE_NOT_FOUND},
    {400, "DisabledException", GRILLE_REASON_KMS_KEY_STATE, GRILLE_FAILED_PRECONDITION},
    {400, "KMSInvalidStateException", GRILLE_REASON_KMS_KEY_STATE, GRILLE_FAILED_PRECONDITION},
    {400, "InvalidKeyUsageException", GRILLE_REASON_KMS_KEY_STATE, GRILLE_FAILED_PRECONDITION},
    {400, "InvalidCiphertextException", GRILLE_REASON_KMS_CIPHERTEXT, GRILLE_INVALID_ARGUMENT},
    {400, "IncorrectKeyException", GRILLE_REASON_KMS_CIPHERTEXT, GRILLE_INVALID_ARGUMENT},
    {400, "ValidationException", GRILLE_REASON_KMS_INVALID, GRILLE_INVALID_ARGUMENT},
    {400, "InvalidSignatureException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {403, "SignatureDoesNotMatch", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "ExpiredTokenException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "UnrecognizedClientException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {403, "InvalidClientTokenId", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {403, "MissingAuthenticationTokenException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "DryRunOperationException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "SomethingNewException", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {404, "", GRILLE_REASON_KMS_REFUSED, GRILLE_PERMISSION_DENIED},
    {400, "ThrottlingException", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "Throttling", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "ThrottledException", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "RequestThrottled", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "RequestThrottledException", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "RequestLimitExceeded", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {400, "TooManyRequestsException", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {503, "SlowDown", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {429, "", GRILLE_REASON_KMS_THROTTLED, GRILLE_RESOURCE_EXHAUSTED},
    {500, "KMSInternalException", GRILLE_REASON_KMS_UNAVAILABLE, GRILLE_UNAVAILABLE},
    {500, "KeyUnavailableException", GRILLE_REASON_KMS_UNAVAILABLE, GRILLE_UNAVAILABLE},
    {500, "DependencyTimeoutException", GRILLE_REASON_KMS_UNAVAILABLE, GRILLE_UNAVAILABLE},
    {502, "", GRILLE_REASON_KMS_UNAVAILABLE, GRILLE_UNAVAILABLE},
    {599, "SomethingNewException", GRILLE_REASON_KMS_UNAVAILABLE, GRILLE_UNAVAILABLE},
};

static void each_error_has_its_code_and_advice(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_kms_error error = {.status = rows[i].status};
        (void)snprintf(error.type, sizeof error.type, "%s", rows[i].type);
        const grille_kms_meaning meaning = grille_kms_meaning_of(&error);
        const bool again =
            meaning.reason == GRILLE_REASON_KMS_THROTTLED || meaning.reason == GRILLE_REASON_KMS_UNAVAILABLE;
        if (meaning.reason != rows[i].reason) {
            fail_msg("%u %s: %s", rows[i].status, rows[i].type, grille_reason_name(meaning.reason));
        }
        assert_int_equal(rows[i].code, grille_reason_code(meaning.reason));
        assert_int_equal(again, grille_kms_is_worth_retry(rows[i].status, rows[i].type));
        assert_true(strlen(meaning.cause) > 20 && strlen(meaning.next) > 10);
    }
}

static void expired_tokens_are_known(void **state) {
    (void)state;
    assert_true(grille_kms_is_expired_token("ExpiredTokenException"));
    assert_true(grille_kms_is_expired_token("ExpiredToken"));
    assert_false(grille_kms_is_expired_token("UnrecognizedClientException"));
    assert_false(grille_kms_is_expired_token(""));
}

int service_error_tests(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_error_has_its_code_and_advice),
                                       cmocka_unit_test(expired_tokens_are_known)};
    return cmocka_run_group_tests_name("service_error", tests, NULL, NULL);
}
