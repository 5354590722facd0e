/* SPDX-License-Identifier: Apache-2.0
 * Status codes have gRPC's numbers and names. */
#include "grille/status.h"

#include <string.h>

#include "cmocka_all.h"

/* grpc doc/statuscodes.md, in order. */
static const char *const grpc_names[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

static void test_grpc_codes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof grpc_names / sizeof grpc_names[0]; i++) {
        assert_string_equal(grille_code_name((grille_code)i), grpc_names[i]);
        assert_true(strlen(grille_code_text((grille_code)i)) > 0);
    }
    assert_int_equal(GRILLE_UNAUTHENTICATED, 16);
}

static void test_own_codes_start_at_1000(void **state) {
    (void)state;
    assert_int_equal(GRILLE_AGAIN, 1000);
    assert_string_equal(grille_code_name(GRILLE_AGAIN), "AGAIN");
    assert_string_equal(grille_code_name(GRILLE_WOULD_DEADLOCK), "WOULD_DEADLOCK");
}

static void test_unknown_codes(void **state) {
    (void)state;
    assert_string_equal(grille_code_name((grille_code)17), "UNKNOWN_CODE");
    assert_string_equal(grille_code_name((grille_code)999), "UNKNOWN_CODE");
    assert_true(strlen(grille_code_text((grille_code)17)) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grpc_codes),
        cmocka_unit_test(test_own_codes_start_at_1000),
        cmocka_unit_test(test_unknown_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
