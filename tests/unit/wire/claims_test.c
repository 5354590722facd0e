/* SPDX-License-Identifier: Apache-2.0
 * Claims: build, policy digest and features, within their size. */
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

/* Each feature by itself, in each state, at its own number. */
static void test_features(void **state) {
    static const char *const encoded[4][3] = {
        {"", "18 01", "18 02"}, {"", "20 01", "20 02"}, {"", "28 01", "28 02"}, {"", "30 01", "30 02"}};
    (void)state;
    for (size_t feature = 0; feature < 4; feature++) {
        for (int value = 0; value < 3; value++) {
            grille_feature_state states[4] = {0};
            grille_claims claims, decoded = {.build = 9};
            states[feature] = (grille_feature_state)value;
            claims =
                (grille_claims){.logs = states[0], .metrics = states[1], .reflection = states[2], .debug = states[3]};
            assert_true(grille_bytes_equal(encode(&claims), sample_hex(encoded[feature][value])));
            assert_int_equal(grille_claims_decode(encode(&claims), &decoded), GRILLE_REASON_OK);
            assert_true(decoded.build == 0);
            assert_int_equal(decoded.logs, states[0]);
            assert_int_equal(decoded.metrics, states[1]);
            assert_int_equal(decoded.reflection, states[2]);
            assert_int_equal(decoded.debug, states[3]);
        }
    }
}

/* As long as claims get, whole; cut at every length a whole number of fields is what its bytes say, the rest an error.
 */
static void test_every_prefix(void **state) {
    const grille_claims claims = {.build = UINT64_MAX,
                                  .policy_digest = sample_fill(0xcd, GRILLE_POLICY_DIGEST_BYTES),
                                  .logs = GRILLE_FEATURE_STATE_ON,
                                  .metrics = GRILLE_FEATURE_STATE_OFF,
                                  .reflection = GRILLE_FEATURE_STATE_ON,
                                  .debug = GRILLE_FEATURE_STATE_OFF};
    static const size_t ends[] = {0, 11, 61, 63, 65, 67, 69};
    grille_bytes whole = encode(&claims);
    size_t accepted = 0;
    (void)state;
    assert_int_equal(whole.len, GRILLE_CLAIMS_MAX_BYTES);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        grille_claims decoded;
        if (grille_claims_decode(grille_bytes_of(whole.data, cut), &decoded) != GRILLE_REASON_OK) continue;
        assert_true(accepted < sizeof ends / sizeof ends[0]);
        assert_int_equal(ends[accepted++], cut);
        assert_int_equal(decoded.debug, cut == 69 ? GRILLE_FEATURE_STATE_OFF : GRILLE_FEATURE_STATE_NOT_TOLD);
    }
    assert_int_equal(accepted, sizeof ends / sizeof ends[0]);
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
    const grille_bytes fits[] = {sample_hex("7a fd07"), sample_fill(0, GRILLE_LIMIT_CLAIMS_BYTES - 3)};
    const grille_bytes over[] = {sample_hex("7a fe07"), sample_fill(0, GRILLE_LIMIT_CLAIMS_BYTES - 2)};
    grille_claims decoded;
    (void)state;
    assert_int_equal(sample_join(fits, 2).len, GRILLE_LIMIT_CLAIMS_BYTES);
    assert_int_equal(grille_claims_decode(sample_join(fits, 2), &decoded), GRILLE_REASON_OK);
    assert_int_equal(grille_claims_decode(sample_join(over, 2), &decoded), GRILLE_REASON_WIRE_LIMIT);
}

static void test_malformed(void **state) {
    static const char *const rows[] = {"08",       "08 01 08 01", "0a 01 61", "10 01",   "12 00 12 00",   "12 30 00",
                                       "00",       "18 03",       "20 04",    "28 ff01", "30 8080808010", "18 01 18 01",
                                       "1a 01 01", "18 00 18 02", "30"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_claims decoded = {.build = 77};
        assert_int_equal(grille_claims_decode(sample_hex(rows[i]), &decoded), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_true(decoded.build == 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_features),   cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_digest_length), cmocka_unit_test(test_size_limit), cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
