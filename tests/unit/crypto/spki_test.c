/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include "crypto/certificate.h"

/* Made by openssl pkey -pubout of the keys of RFC 6979 A.2.5 and A.2.6. */
static const char p256_spki[] = "3059301306072a8648ce3d020106082a8648ce3d030107034200"
                                "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41a"
                                "e9e95628bc64f2f1b20c2d7e9f5177a3"
                                "c294d4462299";
static const char p384_spki[] = "3076301006072a8648ce3d020106052b81040022036200"
                                "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a2"
                                "54515480bc138015d9b72d7d57244ea8"
                                "ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";

static void known_keys_are_read_and_written(void **state) {
    static const struct {
        const char *hex;
        grille_curve curve;
    } rows[] = {{p256_spki, GRILLE_P256}, {p384_spki, GRILLE_P384}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        test_bytes spki = from_hex(rows[i].hex);
        uint8_t out[GRILLE_SPKI_MAX];
        grille_curve curve;
        grille_bytes point;
        size_t len = 0;
        assert_reason(OK, grille_spki_read(view(&spki), &curve, &point));
        assert_int_equal(rows[i].curve, curve);
        assert_int_equal(grille_curve_point_len(curve), point.len);
        assert_reason(OK, grille_spki_write(curve, point, out, sizeof out, &len));
        assert_bytes(rows[i].hex, out, len);
        for (size_t capacity = 0; capacity < len; capacity++)
            assert_reason(NO_SPACE, grille_spki_write(curve, point, out, capacity, &(size_t){0}));
    }
}

static void every_prefix_and_suffix_is_refused(void **state) {
    static const char *const hexes[] = {p256_spki, p384_spki};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        test_bytes spki = from_hex(hexes[i]);
        grille_curve curve;
        grille_bytes point;
        for (size_t len = 0; len < spki.len; len++)
            assert_reason(CRYPTO_BAD_KEY, grille_spki_read(grille_bytes_of(spki.data, len), &curve, &point));
        spki.data[spki.len++] = 0;
        assert_reason(CRYPTO_BAD_KEY, grille_spki_read(view(&spki), &curve, &point));
    }
}

/* Whatever is read is written again as it came: no second spelling exists. */
static void every_changed_byte_is_refused_or_another_point(void **state) {
    static const char *const hexes[] = {p256_spki, p384_spki};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        test_bytes spki = from_hex(hexes[i]);
        size_t head = spki.len - grille_curve_point_len(i == 0 ? GRILLE_P256 : GRILLE_P384) + 1;
        for (size_t at = 0; at < spki.len; at++)
            for (unsigned change = 1; change < 256; change++) {
                uint8_t out[GRILLE_SPKI_MAX];
                grille_curve curve;
                grille_bytes point;
                size_t len = 0;
                grille_reason reason;
                spki.data[at] ^= (uint8_t)change;
                reason = grille_spki_read(view(&spki), &curve, &point);
                if (at < head) {
                    assert_reason(CRYPTO_BAD_KEY, reason);
                } else {
                    assert_reason(OK, reason);
                    assert_reason(OK, grille_spki_write(curve, point, out, sizeof out, &len));
                    assert_int_equal(spki.len, len);
                    assert_memory_equal(spki.data, out, len);
                }
                spki.data[at] ^= (uint8_t)change;
            }
    }
}

static void keys_of_other_kinds_are_refused(void **state) {
    static const struct {
        const char *what, *hex;
    } rows[] = {
        {"compressed point", "3039301306072a8648ce3d020106082a8648ce3d030107032200"
                             "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"},
        {"infinity", "3019301306072a8648ce3d020106082a8648ce3d03010703020000"},
        {"Ed25519", "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
        {"P-384's name with P-256's point", "3056301006072a8648ce3d020106052b81040022034200"
                                            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
        {"curve missing", "304f300906072a8648ce3d0201034200"
                          "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
        {"something after the curve", "305b301506072a8648ce3d020106082a8648ce3d0301070500034200"
                                      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes spki = from_hex(rows[i].hex);
        grille_curve curve;
        grille_bytes point;
        if (grille_spki_read(view(&spki), &curve, &point) != GRILLE_REASON_CRYPTO_BAD_KEY)
            fail_msg("%s was taken", rows[i].what);
    }
}

static void points_of_another_width_are_not_written(void **state) {
    test_bytes spki = from_hex(p384_spki);
    grille_bytes point = grille_bytes_of(spki.data + spki.len - 97, 97);
    uint8_t out[GRILLE_SPKI_MAX];
    size_t len = 0;
    (void)state;
    assert_reason(BAD_ARGUMENT, grille_spki_write(GRILLE_P256, point, out, sizeof out, &len));
    assert_reason(BAD_ARGUMENT, grille_spki_write(GRILLE_P384, grille_bytes_of(point.data, 96), out, sizeof out, &len));
    assert_reason(BAD_ARGUMENT,
                  grille_spki_write(GRILLE_P256, grille_bytes_of(point.data + 1, 65), out, sizeof out, &len));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_are_read_and_written),
        cmocka_unit_test(every_prefix_and_suffix_is_refused),
        cmocka_unit_test(every_changed_byte_is_refused_or_another_point),
        cmocka_unit_test(keys_of_other_kinds_are_refused),
        cmocka_unit_test(points_of_another_width_are_not_written),
    };
    return cmocka_run_group_tests_name("spki", tests, NULL, NULL);
}
