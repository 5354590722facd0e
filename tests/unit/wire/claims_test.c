/* SPDX-License-Identifier: Apache-2.0
 * Claims: build and policy digest, within their size. */
#include "wire/claims.h"

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"
#include "wire/limits.h"

static grille_bytes encode(const grille_claims *claims) {
    uint8_t buffer[128];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_claims_write(&writer, claims);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return sample_copy(grille_written(&writer));
}

static void test_round_trip(void **state) {
    grille_claims claims = {.build = 0};
    grille_claims decoded = {.build = 9};
    (void)state;
    assert_int_equal(encode(&claims).len, 0);
    assert_int_equal(grille_claims_decode(encode(&claims), &decoded), GRILLE_REASON_OK);
    assert_true(decoded.build == 0 && decoded.policy_digest.len == 0);
    claims.build = UINT64_MAX;
    claims.policy_digest = sample_fill(0xab, GRILLE_POLICY_DIGEST_BYTES);
    assert_int_equal(encode(&claims).len, 11 + 50);
    assert_int_equal(grille_claims_decode(encode(&claims), &decoded), GRILLE_REASON_OK);
    assert_true(decoded.build == UINT64_MAX);
    assert_true(grille_bytes_equal(decoded.policy_digest, claims.policy_digest));
}

static void test_digest_length(void **state) {
    (void)state;
    for (size_t len = 0; len < 100; len++) {
        grille_claims claims = {.policy_digest = sample_fill(1, len)};
        grille_claims decoded;
        assert_int_equal(grille_claims_decode(encode(&claims), &decoded),
                         len == 0 || len == 48 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
    }
}

/* GRILLE_LIMIT_CLAIMS_BYTES, filled with an unknown field, and one over it. */
static void test_size_limit(void **state) {
    const grille_bytes fits[] = {sample_hex("1a fd07"), sample_fill(0, GRILLE_LIMIT_CLAIMS_BYTES - 3)};
    const grille_bytes over[] = {sample_hex("1a fe07"), sample_fill(0, GRILLE_LIMIT_CLAIMS_BYTES - 2)};
    grille_claims decoded;
    (void)state;
    assert_int_equal(sample_join(fits, 2).len, GRILLE_LIMIT_CLAIMS_BYTES);
    assert_int_equal(grille_claims_decode(sample_join(fits, 2), &decoded), GRILLE_REASON_OK);
    assert_int_equal(grille_claims_decode(sample_join(over, 2), &decoded), GRILLE_REASON_WIRE_LIMIT);
}

static void test_malformed(void **state) {
    static const char *const rows[] = {"08", "08 01 08 01", "0a 01 61", "10 01", "12 00 12 00", "12 30 00", "00"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_claims decoded = {.build = 77};
        assert_int_equal(grille_claims_decode(sample_hex(rows[i]), &decoded), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_true(decoded.build == 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_digest_length),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
