/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include "crypto/certificate.h"

static void fill(test_bytes *raw, size_t width, uint8_t first_of_r, uint8_t first_of_s) {
    raw->len = 2 * width;
    memset(raw->data, 0x11, raw->len);
    raw->data[0] = first_of_r;
    raw->data[width] = first_of_s;
}

static void signatures_round_trip(void **state) {
    static const uint8_t firsts[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof firsts * sizeof firsts; i++) {
        grille_curve curve = i % 2 == 0 ? GRILLE_P256 : GRILLE_P384;
        test_bytes raw;
        uint8_t der[GRILLE_SIGNATURE_DER_MAX], back[GRILLE_RAW_SIGNATURE_MAX];
        size_t len = 0, back_len = 0;
        fill(&raw, grille_curve_scalar_len(curve), firsts[i / 2 % sizeof firsts], firsts[i / 2 / sizeof firsts]);
        assert_reason(OK, grille_signature_to_der(view(&raw), der, sizeof der, &len));
        assert_reason(OK, grille_signature_from_der(curve, grille_bytes_of(der, len), back, &back_len));
        assert_int_equal(raw.len, back_len);
        assert_memory_equal(raw.data, back, back_len);
        for (size_t capacity = 0; capacity < len; capacity++)
            assert_reason(NO_SPACE, grille_signature_to_der(view(&raw), der, capacity, &(size_t){0}));
    }
}

static void widths_of_no_curve_are_refused(void **state) {
    static const uint8_t raw[200];
    uint8_t der[GRILLE_SIGNATURE_DER_MAX];
    size_t len = 0;
    (void)state;
    for (size_t width = 0; width < sizeof raw; width++)
        if (width != 64 && width != 96)
            assert_reason(BAD_ARGUMENT, grille_signature_to_der(grille_bytes_of(raw, width), der, sizeof der, &len));
}

static void only_strict_der_is_read(void **state) {
    static const struct {
        const char *what, *hex;
        bool good;
    } rows[] = {
        {"small numbers", "3006020101020102", true},
        {"zero, for verification to refuse", "3006020100020100", true},
        {"33 bytes with a sign byte",
         "30270221 00ff00000000000000000000000000000000000000000000000000000000000001 0202 00ff", true},
        {"33 bytes for a 32-byte curve",
         "30260221 01ff00000000000000000000000000000000000000000000000000000000000001 0201 01", false},
        {"negative r", "3006020181020102", false},
        {"superfluous zero", "300702020001020102", false},
        {"empty integer", "30050200020102", false},
        {"indefinite length", "30800201010201020000", false},
        {"long length", "308106020101020102", false},
        {"one integer", "3003020101", false},
        {"three integers", "3009020101020102020103", false},
        {"something after it", "300602010102010200", false},
        {"something inside after s", "30080201010201020500", false},
        {"set", "3106020101020102", false},
        {"octet string for r", "3006040101020102", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char packed[256];
        size_t packed_len = 0, len = 0;
        uint8_t raw[GRILLE_RAW_SIGNATURE_MAX];
        test_bytes der;
        grille_reason reason;
        for (const char *at = rows[i].hex; *at != 0; at++)
            if (*at != ' ') packed[packed_len++] = *at;
        packed[packed_len] = 0;
        der = from_hex(packed);
        reason = grille_signature_from_der(GRILLE_P256, view(&der), raw, &len);
        if (reason != (rows[i].good ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_BAD_SIGNATURE))
            fail_msg("%s: %s", rows[i].what, grille_reason_name(reason));
    }
}

/* What is read has one spelling only, so a changed byte is refused or changes r or s. */
static void prefixes_and_changed_bytes(void **state) {
    test_bytes raw;
    uint8_t der[GRILLE_SIGNATURE_DER_MAX + 1], back[GRILLE_RAW_SIGNATURE_MAX], again[GRILLE_SIGNATURE_DER_MAX];
    size_t len = 0, back_len = 0, again_len = 0, taken = 0;
    (void)state;
    fill(&raw, 48, 0x80, 0x01);
    assert_reason(OK, grille_signature_to_der(view(&raw), der, sizeof der, &len));
    for (size_t cut = 0; cut < len; cut++)
        assert_reason(CRYPTO_BAD_SIGNATURE,
                      grille_signature_from_der(GRILLE_P384, grille_bytes_of(der, cut), back, &back_len));
    for (size_t at = 0; at < len; at++)
        for (unsigned change = 1; change < 256; change++) {
            der[at] ^= (uint8_t)change;
            if (grille_signature_from_der(GRILLE_P384, grille_bytes_of(der, len), back, &back_len) ==
                GRILLE_REASON_OK) {
                taken++;
                assert_reason(
                    OK, grille_signature_to_der(grille_bytes_of(back, back_len), again, sizeof again, &again_len));
                assert_int_equal(len, again_len);
                assert_memory_equal(der, again, len);
            }
            der[at] ^= (uint8_t)change;
        }
    assert_true(taken > 255 * 94);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_round_trip),
        cmocka_unit_test(widths_of_no_curve_are_refused),
        cmocka_unit_test(only_strict_der_is_read),
        cmocka_unit_test(prefixes_and_changed_bytes),
    };
    return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
