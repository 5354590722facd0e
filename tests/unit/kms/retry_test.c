/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/retry.h"

#include "cmocka_all.h"

static const char *const busy[] = {"ThrottlingException",
                                   "Throttling",
                                   "TooManyRequestsException",
                                   "RequestLimitExceeded",
                                   "KMSInternalException",
                                   "DependencyTimeoutException",
                                   "KeyUnavailableException",
                                   "InternalFailure",
                                   "ServiceUnavailable",
                                   "RequestTimeoutException",
                                   "SlowDown",
                                   "ThrottledException",
                                   "RequestThrottledException",
                                   "RequestThrottled",
                                   "RequestTimeout",
                                   "ServiceUnavailableException"};

static const char *const refusals[] = {"AccessDeniedException",
                                       "InvalidCiphertextException",
                                       "IncorrectKeyException",
                                       "InvalidKeyUsageException",
                                       "KMSInvalidStateException",
                                       "DisabledException",
                                       "NotFoundException",
                                       "InvalidGrantTokenException",
                                       "DryRunOperationException",
                                       "ValidationException",
                                       "ExpiredTokenException",
                                       "InvalidSignatureException",
                                       "UnrecognizedClientException",
                                       "IncompleteSignature",
                                       "MissingAuthenticationToken",
                                       "SignatureDoesNotMatch",
                                       "UnsupportedOperationException",
                                       "OptInRequired",
                                       "RequestExpired",
                                       "InvalidClientTokenId",
                                       "InvalidAction",
                                       "NotAuthorized",
                                       "AccessDenied",
                                       "ValidationError",
                                       "IncompleteSignatureException",
                                       "MissingAuthenticationTokenException"};

static const unsigned statuses[] = {200, 301, 400, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504, 599};

static void a_busy_service_is_asked_again(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof busy / sizeof *busy; i++)
        for (size_t at = 0; at < sizeof statuses / sizeof *statuses; at++)
            if (!grille_kms_is_worth_retry(statuses[at], busy[i])) fail_msg("%s with %u", busy[i], statuses[at]);
}

static void a_refusal_is_final(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        for (size_t at = 0; at < sizeof statuses / sizeof *statuses; at++)
            if (grille_kms_is_worth_retry(statuses[at], refusals[i])) fail_msg("%s with %u", refusals[i], statuses[at]);
}

/* Without a type that is known the status alone says which of the two it was. */
static void other_answers(void **state) {
    static const char *const types[] = {"", "NewException", "throttlingexception", "ThrottlingException "};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (unsigned status = 0; status < 700; status++)
            assert_int_equal(grille_kms_is_worth_retry(status, types[i]),
                             status == 429 || (status >= 500 && status < 600));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(a_refusal_is_final),
        cmocka_unit_test(other_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
