/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

typedef struct signature_row {
    grille_curve curve;
    grille_hash_kind hash;
    const char *message, *signature;
} signature_row;

static const char *const points[] = {
    [GRILLE_P256] =
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1"
        "b20c2d7e9f5177a3c294d4462299",
    [GRILLE_P384] =
        "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015"
        "d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
};
static const char *const orders[] = {
    [GRILLE_P256] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    [GRILLE_P384] = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
};
static const char *const primes[] = {
    [GRILLE_P256] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    [GRILLE_P384] = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
};

/* RFC 6979 A.2.5 and A.2.6. */
static const signature_row rows[] = {
    {GRILLE_P256, GRILLE_SHA256, "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064"
     "dc4ab"
     "2f843acda8"},
    {GRILLE_P256, GRILLE_SHA256, "test",
     "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0"
     "cc842"
     "50e46f0083"},
    {GRILLE_P256, GRILLE_SHA384, "sample",
     "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef77194861f0491e6998b9455193e34e7b0d284ddd7149a74b95b92"
     "61f13"
     "abde940954"},
    {GRILLE_P256, GRILLE_SHA384, "test",
     "83910e8b48bb0c74244ebdf7f07a1c5413d61472bd941ef3920e623fbccebeb68ddbec54cf8cd5874883841d712142a56a8d0f218f5003cb0"
     "296b6"
     "b509619f2c"},
    {GRILLE_P384, GRILLE_SHA256, "sample",
     "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cdf3aa443fb107745bf"
     "4bd77"
     "cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0"},
    {GRILLE_P384, GRILLE_SHA384, "sample",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea"
     "1fe40"
     "db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
    {GRILLE_P384, GRILLE_SHA384, "test",
     "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023dbddd0760448d42d8a4"
     "3af45"
     "af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5"},
};
enum { row_count = sizeof rows / sizeof *rows };

typedef struct signed_digest {
    grille_curve curve;
    test_bytes point, digest, raw;
} signed_digest;

static signed_digest known(const signature_row *row) {
    signed_digest made = {.curve = row->curve, .point = from_hex(points[row->curve]), .raw = from_hex(row->signature)};
    grille_bytes message = grille_bytes_of_text(row->message);
    assert_reason(OK, grille_crypto_wolf()->hash(row->hash, &message, 1, made.digest.data));
    made.digest.len = grille_hash_len(row->hash);
    return made;
}

static grille_reason verify(const signed_digest *made) {
    return grille_crypto_wolf()->ecdsa_verify(made->curve, view(&made->point), view(&made->digest), view(&made->raw));
}

static void signatures_of_rfc_6979_verify(void **state) {
    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        signed_digest made = known(&rows[i]);
        assert_reason(OK, verify(&made));
    }
}

static void every_flipped_bit_of_signature_and_digest_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        signed_digest made = known(&rows[i]);
        test_bytes *const inputs[] = {&made.raw, &made.digest};
        for (size_t input = 0; input < 2; input++)
            for (size_t bit = 0; bit < 8 * inputs[input]->len; bit++) {
                inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
                inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
    }
}

/* Another point is off the curve or another key; it is never taken. */
static void every_flipped_bit_of_the_point_is_refused(void **state) {
    size_t off_curve = 0, bits = 0;
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        signed_digest made = known(&rows[i]);
        for (size_t bit = 0; bit < 8 * made.point.len; bit++, bits++) {
            grille_reason reason;
            made.point.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            reason = verify(&made);
            made.point.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_true(reason == GRILLE_REASON_CRYPTO_BAD_KEY || reason == GRILLE_REASON_CRYPTO_BAD_SIGNATURE);
            off_curve += reason == GRILLE_REASON_CRYPTO_BAD_KEY;
        }
    }
    assert_int_equal(bits, off_curve);
}

/* Adds a small number to a big-endian one. */
static void add(uint8_t *number, size_t len, unsigned delta) {
    unsigned carry = delta;
    for (size_t i = len; i > 0; i--) {
        carry += number[i - 1];
        number[i - 1] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void scalars_outside_one_to_n_minus_one_are_refused(void **state) {
    static const unsigned around_order[] = {0, 1, 2, 1000};
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        size_t width = grille_curve_scalar_len(rows[i].curve);
        test_bytes order = from_hex(orders[rows[i].curve]);
        for (size_t half = 0; half < 2; half++) {
            signed_digest made = known(&rows[i]);
            uint8_t *scalar = made.raw.data + half * width;
            memset(scalar, 0, width);
            assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
            memset(scalar, 0xff, width);
            assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
            for (size_t k = 0; k < sizeof around_order / sizeof *around_order; k++) {
                memcpy(scalar, order.data, width);
                add(scalar, width, around_order[k]);
                assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
            }
        }
        {
            signed_digest both = known(&rows[i]);
            memset(both.raw.data, 0, both.raw.len);
            assert_reason(CRYPTO_BAD_SIGNATURE, verify(&both));
        }
    }
}

/* A signature made so that r = 5 and s = 0x1234567: both plus n still have 32 bytes, and mean the same modulo n. */
static void scalars_plus_n_are_refused(void **state) {
    static const char point[] = "0405351b0a6d8f7263829d38942da302a4dfc3c8c2eb7e5bc07919f4a582d9e80f"
                                "13bc97337708b744c3c704de955bfa6ad2a38035f1edcc3a438432eb26f34d86";
    static const char signature[] = "0000000000000000000000000000000000000000000000000000000000000005"
                                    "0000000000000000000000000000000000000000000000000000000001234567";
    signed_digest made = known(&rows[0]);
    test_bytes order = from_hex(orders[GRILLE_P256]), right;
    (void)state;
    made.point = from_hex(point);
    made.raw = right = from_hex(signature);
    assert_reason(OK, verify(&made));
    memcpy(made.raw.data, order.data, order.len);
    add(made.raw.data, order.len, 5);
    assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
    made.raw = right;
    memcpy(made.raw.data + order.len, order.data, order.len);
    add(made.raw.data + order.len, order.len, 0x1234567);
    assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
}

/* ECDSA is malleable: n - s verifies as well, so no cache or revocation list may go by signature bytes. */
static void the_twin_with_n_minus_s_verifies(void **state) {
    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        signed_digest made = known(&rows[i]);
        test_bytes order = from_hex(orders[rows[i].curve]);
        uint8_t *s = made.raw.data + order.len;
        int borrow = 0;
        for (size_t at = order.len; at > 0; at--) {
            int difference = order.data[at - 1] - s[at - 1] - borrow;
            borrow = difference < 0;
            s[at - 1] = (uint8_t)difference;
        }
        assert_reason(OK, verify(&made));
    }
}

static void signatures_of_wrong_width_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        signed_digest made = known(&rows[i]);
        size_t right = made.raw.len;
        for (made.raw.len = 0; made.raw.len <= right + 10; made.raw.len++)
            if (made.raw.len != right) assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made));
    }
}

static void digests_of_unknown_length_are_refused(void **state) {
    signed_digest made = known(&rows[0]);
    (void)state;
    for (made.digest.len = 0; made.digest.len <= 64; made.digest.len++)
        if (made.digest.len != 32 && made.digest.len != 48) assert_reason(BAD_ARGUMENT, verify(&made));
}

static void points_of_another_form_are_refused(void **state) {
    static const uint8_t forms[] = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0xff};
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        signed_digest made = known(&rows[i]);
        size_t right = made.point.len, width = (right - 1) / 2;
        for (size_t k = 0; k < sizeof forms; k++) {
            made.point.data[0] = forms[k];
            assert_reason(CRYPTO_BAD_KEY, verify(&made));
            made.point.len = 1 + width; /* compressed, or infinity with bytes after it */
            assert_reason(CRYPTO_BAD_KEY, verify(&made));
            made.point.len = 1;
            assert_reason(CRYPTO_BAD_KEY, verify(&made));
            made.point.len = right;
        }
        made.point.data[0] = 4;
        for (made.point.len = 0; made.point.len <= right + 40; made.point.len++)
            if (made.point.len != right) assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.point.len = right;
        made.curve = made.curve == GRILLE_P256 ? GRILLE_P384 : GRILLE_P256;
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.curve = (grille_curve)7;
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
    }
}

static void points_off_the_curve_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < row_count; i += 5) {
        signed_digest made = known(&rows[i]);
        size_t width = (made.point.len - 1) / 2;
        uint8_t *x = made.point.data + 1, *y = x + width;
        test_bytes prime = from_hex(primes[made.curve]), right = made.point;
        memset(x, 0, 2 * width); /* how infinity would look */
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.point = right;
        memset(y, 0, width);
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.point = right;
        memcpy(x, y, width);
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.point = right;
        memcpy(x, prime.data, width); /* x = p is x = 0, written twice as often as allowed */
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
        made.point = right;
        memset(x, 0xff, width);
        assert_reason(CRYPTO_BAD_KEY, verify(&made));
    }
}

/* Points with a coordinate below 2^bits - p have a second spelling, coordinate + p, that must not be taken. */
static void coordinates_of_p_and_more_are_refused(void **state) {
    /* P-256 at x = 5  */
    static const char point[] = "040000000000000000000000000000000000000000000000000000000000000005"
                                "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    signed_digest made = known(&rows[0]);
    test_bytes prime = from_hex(primes[GRILLE_P256]);
    (void)state;
    made.point = from_hex(point);
    assert_reason(CRYPTO_BAD_SIGNATURE, verify(&made)); /* on the curve */
    memcpy(made.point.data + 1, prime.data, prime.len);
    add(made.point.data + 1, prime.len, 5);
    assert_reason(CRYPTO_BAD_KEY, verify(&made));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_rfc_6979_verify),
        cmocka_unit_test(every_flipped_bit_of_signature_and_digest_is_refused),
        cmocka_unit_test(every_flipped_bit_of_the_point_is_refused),
        cmocka_unit_test(scalars_outside_one_to_n_minus_one_are_refused),
        cmocka_unit_test(scalars_plus_n_are_refused),
        cmocka_unit_test(the_twin_with_n_minus_s_verifies),
        cmocka_unit_test(signatures_of_wrong_width_are_refused),
        cmocka_unit_test(digests_of_unknown_length_are_refused),
        cmocka_unit_test(points_of_another_form_are_refused),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(coordinates_of_p_and_more_are_refused),
    };
    return cmocka_run_group_tests_name("wolf_ecc", tests, NULL, NULL);
}
