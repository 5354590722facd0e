/* SPDX-License-Identifier: Apache-2.0
 * No change of a document's bytes is accepted: every bit, every prefix, every byte taken out or put in. The one known
 * exception is the signature's twin (r, n - s), which is no change of one bit or byte; synthetic_test.c accepts it. */
#include <string.h>

#include "attest/document.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "document_files.h"

#define LONGEST 8192

/* Signatures of the unchanged document verify once; its mutants share most of them. */
typedef struct known_signature {
    uint8_t point[GRILLE_POINT_MAX], digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX];
} known_signature;

static known_signature known[8];
static size_t known_count;
static bool learning;
static size_t verified;

static bool is_known(const known_signature *signature) {
    for (size_t i = 0; i < known_count; i++) {
        if (memcmp(&known[i], signature, sizeof *signature) == 0) return true;
    }
    return false;
}

static grille_reason verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    known_signature asked = {.point = {0}};
    grille_reason reason;
    assert_true(point.len <= sizeof asked.point && digest.len == sizeof asked.digest && raw.len == sizeof asked.raw);
    memcpy(asked.point, point.data, point.len);
    memcpy(asked.digest, digest.data, digest.len);
    memcpy(asked.raw, raw.data, raw.len);
    if (is_known(&asked)) return GRILLE_REASON_OK;
    verified++;
    reason = grille_crypto_wolf()->ecdsa_verify(curve, point, digest, raw);
    if (learning && reason == GRILLE_REASON_OK) known[known_count++] = asked;
    return reason;
}

static grille_crypto crypto;
static uint8_t root[1024];
static size_t root_len;

static bool accepted(grille_bytes encoded) {
    const grille_document_check check = {.root = grille_bytes_of(root, root_len),
                                         .now_ms = SYNTHETIC_AT_MS,
                                         .clock_skew_ms = 60000,
                                         .max_age_ms = -1,
                                         .any_pcr4 = true};
    grille_document document;
    grille_wall_ms expires_ms;
    grille_error error;
    grille_reason reason = grille_document_read(encoded, &document, &error);
    if (reason == GRILLE_REASON_OK) reason = grille_document_verify(&crypto, &document, &check, &expires_ms, &error);
    if (reason != GRILLE_REASON_OK) assert_string_equal(grille_reason_name(reason), error.name);
    return reason == GRILLE_REASON_OK;
}

static uint8_t bytes[LONGEST];
static size_t len;

static void learn(const char *name) {
    grille_bytes file = document_file(name);
    assert_true(file.len < sizeof bytes);
    memcpy(bytes, file.data, file.len);
    len = file.len;
    known_count = 0;
    learning = true;
    assert_true(accepted(grille_bytes_of(bytes, len)));
    assert_int_equal(5, known_count);
    learning = false;
}

static int setup(void **state) {
    grille_bytes der = document_file("test_root.der");
    (void)state;
    memcpy(root, der.data, der.len);
    root_len = der.len;
    crypto = *grille_crypto_wolf();
    crypto.ecdsa_verify = verify;
    return 0;
}

static void no_flipped_bit_is_accepted(void **state) {
    size_t tried = 0;
    (void)state;
    learn("ok_untagged.cose");
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++, tried++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            if (accepted(grille_bytes_of(bytes, len))) fail_msg("bit %d of byte %zu may be flipped", bit, i);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_true(accepted(grille_bytes_of(bytes, len)));
    print_message("bits flipped: %zu, accepted: 0, signatures verified: %zu\n", tried, verified);
    assert_int_equal(8 * len, tried);
}

static void no_prefix_is_accepted(void **state) {
    (void)state;
    learn("ok_indef_map.cose");
    for (size_t cut = 0; cut < len; cut++)
        assert_false(accepted(grille_bytes_of(bytes, cut)));
    bytes[len] = 0;
    assert_false(accepted(grille_bytes_of(bytes, len + 1)));
    print_message("prefixes: %zu, accepted: 0\n", len);
}

static void no_deleted_or_inserted_byte_is_accepted(void **state) {
    uint8_t changed[LONGEST + 1];
    (void)state;
    learn("ok_indef_map.cose");
    for (size_t i = 0; i < len; i++) {
        memcpy(changed, bytes, i);
        memcpy(&changed[i], &bytes[i + 1], len - i - 1);
        if (accepted(grille_bytes_of(changed, len - 1))) fail_msg("byte %zu may be taken out", i);
        changed[i] = 0xf6;
        memcpy(&changed[i + 1], &bytes[i], len - i);
        if (accepted(grille_bytes_of(changed, len + 1))) fail_msg("a byte may be put in at %zu", i);
    }
    print_message("bytes taken out and put in: %zu each, accepted: 0\n", len);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flipped_bit_is_accepted),
        cmocka_unit_test(no_prefix_is_accepted),
        cmocka_unit_test(no_deleted_or_inserted_byte_is_accepted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
