/* SPDX-License-Identifier: Apache-2.0
 * Shared by the tests of crypto/ and nsm/: cmocka, bytes from hex, the implementation under test. */
#ifndef GRILLE_TESTS_CRYPTO_TEST_H
#define GRILLE_TESTS_CRYPTO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

typedef struct test_bytes {
    uint8_t data[4096];
    size_t len;
} test_bytes;

static inline test_bytes from_hex(const char *text) {
    test_bytes bytes = {.len = 0};
    assert_true(grille_hex_decode(text, strlen(text), bytes.data, sizeof bytes.data, &bytes.len));
    return bytes;
}

static inline grille_bytes view(const test_bytes *bytes) {
    return grille_bytes_of(bytes->data, bytes->len);
}

#define assert_reason(expected, actual)                                                                                \
    assert_string_equal(grille_reason_name(GRILLE_REASON_##expected), grille_reason_name(actual))

static inline void assert_bytes(const char *expected_hex, const uint8_t *actual, size_t len) {
    test_bytes expected = from_hex(expected_hex);
    assert_int_equal(expected.len, len);
    assert_memory_equal(expected.data, actual, len);
}

#endif
