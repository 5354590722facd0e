/* SPDX-License-Identifier: Apache-2.0
 * TLS leaves that are not ours to trust: each gets one alert, and leaves one clear reason here. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "victim.h"

static void check_leaf(const grille_leaf *leaf, grille_reason expected, int alert) {
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.leaf = leaf}, expected, alert);
    victim_meets_evil(GRILLE_INITIATOR, (evil_options){.leaf = leaf}, expected, alert);
}

/* A leaf with any certificate over a fresh P-256 key. */
static grille_leaf leaf_of(const forge_template *about, const forge_identity *issuer) {
    grille_leaf leaf = {0};
    forge_identity made;
    forge_certificate(about, issuer, &made);
    assert_true(made.len <= sizeof leaf.certificate);
    memcpy(leaf.certificate, made.der, made.len);
    leaf.certificate_len = made.len;
    assert_int_equal(grille_crypto_wolf()->key_export(made.key, leaf.key, sizeof leaf.key, &leaf.key_len),
                     GRILLE_REASON_OK);
    forge_free(&made);
    return leaf;
}

static forge_template plain_leaf(void) {
    forge_template about = forge_template_of("grille", GRILLE_P256);
    forge_key_usage(&about, true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
    return about;
}

static void a_right_leaf_reaches_the_gate(void **state) {
    const forge_template about = plain_leaf();
    const grille_leaf leaf = leaf_of(&about, NULL);
    (void)state;
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
}

static void another_key_than_the_certificates(void **state) {
    grille_leaf leaf;
    grille_leaf other;
    (void)state;
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), FORGE_NOW_MS, &leaf), GRILLE_REASON_OK);
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), FORGE_NOW_MS, &other), GRILLE_REASON_OK);
    memcpy(leaf.key, other.key, other.key_len);
    leaf.key_len = other.key_len;
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_SIGNATURE, alert_decrypt_error);
}

static void outside_of_its_validity(void **state) {
    forge_template about = plain_leaf();
    grille_leaf leaf;
    (void)state;
    about.not_before_ms = FORGE_NOW_MS - 2 * FORGE_HOUR_MS;
    about.not_after_ms = FORGE_NOW_MS;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about.not_after_ms = FORGE_NOW_MS - 1000;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
    about.not_before_ms = FORGE_NOW_MS;
    about.not_after_ms = FORGE_NOW_MS + FORGE_HOUR_MS;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about.not_before_ms = FORGE_NOW_MS + 1000;
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
}

static void clocks_may_differ_by_a_day(void **state) {
    const grille_wall_ms day = 24 * FORGE_HOUR_MS;
    (void)state;
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS - day}, GRILLE_REASON_OK, -1);
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS + day}, GRILLE_REASON_OK, -1);
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.wall_ms = FORGE_NOW_MS - day - 1000},
                      GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
    victim_meets_evil(GRILLE_INITIATOR, (evil_options){.wall_ms = FORGE_NOW_MS + day + 1000},
                      GRILLE_REASON_TLS_CERTIFICATE_TIME, alert_unknown_ca);
}

static void another_kind_of_certificate(void **state) {
    const forge_template ca_about = forge_ca("Some CA", GRILLE_P256);
    forge_template about = plain_leaf();
    forge_identity ca;
    grille_leaf leaf;
    (void)state;
    forge_certificate(&ca_about, NULL, &ca);
    leaf = leaf_of(&about, &ca);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_unknown_ca);
    forge_free(&ca);
    about = plain_leaf();
    forge_add(&about, "\x2a\x03\x04", 3, true, "\x05\x00", 2);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_unknown_ca);
}

/* What wolfSSL finds besides the unknown issuer stays an error: here a key that is for something else. */
static void a_key_for_another_purpose(void **state) {
    forge_template about = plain_leaf();
    grille_leaf leaf;
    (void)state;
    forge_extended_key_usage(&about, true, true);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_OK, -1);
    about = plain_leaf();
    forge_extended_key_usage(&about, false, false);
    leaf = leaf_of(&about, NULL);
    check_leaf(&leaf, GRILLE_REASON_TLS_BAD_CERTIFICATE, alert_bad_certificate);
}

/* Every prefix, one byte more, every bit flipped in what the certificate is made of: refused or read, never past it. */
static void a_damaged_certificate(void **state) {
    const forge_template about = plain_leaf();
    grille_leaf leaf = leaf_of(&about, NULL);
    const grille_bytes whole = grille_bytes_of(leaf.certificate, leaf.certificate_len);
    grille_bytes spki = {NULL, 0};
    uint8_t *copy = NULL;
    (void)state;
    assert_int_equal(grille_leaf_read(whole, FORGE_NOW_MS, &spki, NULL), GRILLE_REASON_OK);
    assert_int_equal(spki.len, 91);
    for (size_t len = 0; len < whole.len; len++) {
        copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, len);
        assert_int_equal(grille_leaf_read(grille_bytes_of(copy, len), FORGE_NOW_MS, &spki, NULL),
                         GRILLE_REASON_TLS_BAD_CERTIFICATE);
        free(copy);
    }
    copy = malloc(whole.len + 1);
    assert_non_null(copy);
    memcpy(copy, whole.data, whole.len);
    copy[whole.len] = 0;
    assert_int_equal(grille_leaf_read(grille_bytes_of(copy, whole.len + 1), FORGE_NOW_MS, &spki, NULL),
                     GRILLE_REASON_TLS_BAD_CERTIFICATE);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (grille_leaf_read(grille_bytes_of(copy, whole.len), FORGE_NOW_MS, &spki, NULL) == GRILLE_REASON_OK)
            assert_true(spki.data >= copy && spki.data + spki.len <= copy + whole.len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(copy);
}

/* A leaf of exactly so many bytes, padded with extensions that nobody knows. */
static void make_leaf_of_bytes(size_t bytes, forge_identity *made) {
    static const uint8_t padding[256];
    forge_template about = plain_leaf();
    forge_extension *last = NULL;
    forge_add(&about, "\x2a\x03\x01", 3, false, padding, 200);
    forge_add(&about, "\x2a\x03\x02", 3, false, padding, 200);
    forge_add(&about, "\x2a\x03\x03", 3, false, padding, 150);
    last = &about.extensions[about.extension_count - 1];
    while (about.extension_count > 1 && bytes < 600 + 200 * (about.extension_count - 2))
        last = &about.extensions[--about.extension_count - 1];
    for (;;) { /* a signature's DER is one byte shorter now and then */
        forge_certificate(&about, NULL, made);
        if (made->len == bytes) return;
        last->len = made->len < bytes ? last->len + 1 : last->len - 1;
        forge_free(made);
    }
}

/* A certificate and key that a grille_leaf does not hold; `sent` (NULL: itself) is what the victim gets to see. */
static void check_sent(grille_secure_role role, const forge_identity *made, const uint8_t *sent,
                       grille_reason expected) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    raw_tls_options options = {.client = role == GRILLE_RESPONDER,
                               .alpn = GRILLE_SECURE_ALPN,
                               .certificate = made->der,
                               .certificate_len = made->len,
                               .sent = sent};
    uint8_t key[256];
    raw_tls *raw = malloc(sizeof *raw);
    assert_non_null(raw);
    options.key = key;
    assert_int_equal(grille_crypto_wolf()->key_export(made->key, key, sizeof key, &options.key_len), GRILLE_REASON_OK);
    raw_tls_init(raw, &options);
    victim_play_raw(v, raw);
    if (expected == GRILLE_REASON_OK)
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    else
        victim_assert_failed(v, expected);
    raw_tls_deinit(raw);
    free(raw);
    victim_end(v);
}

static void check_forged(grille_secure_role role, const forge_identity *made, grille_reason expected) {
    check_sent(role, made, NULL, expected);
}

static void check_leaf_of_bytes(grille_secure_role role, size_t bytes, grille_reason expected) {
    forge_identity made;
    make_leaf_of_bytes(bytes, &made);
    check_forged(role, &made, expected);
    forge_free(&made);
}

static void a_p384_leaf(void **state) {
    const forge_template about = forge_template_of("grille", GRILLE_P384);
    forge_identity made;
    (void)state;
    forge_certificate(&about, NULL, &made);
    check_forged(GRILLE_INITIATOR, &made, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    check_forged(GRILLE_RESPONDER, &made, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    forge_free(&made);
}

/* A right certificate in all but its RSA key, and one over a right key that an RSA key signed. TLS itself has no RSA:
 * no library would send these here, so they stand in the place of a leaf that is as long. */
static void leaves_with_rsa(void **state) {
    static rsa_forge_key rsa;
    forge_template about = plain_leaf();
    forge_identity rsa_leaf, by_rsa = {.subject = "grille"}, signed_by_rsa, place;
    (void)state;
    rsa_forge_key_make(2048, 65537, &rsa);
    about.rsa = &rsa;
    forge_certificate(&about, NULL, &rsa_leaf);
    about.rsa = NULL;
    by_rsa.rsa = &rsa;
    forge_certificate(&about, &by_rsa, &signed_by_rsa);
    for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER; role++) {
        make_leaf_of_bytes(rsa_leaf.len, &place);
        check_sent((grille_secure_role)role, &place, NULL, GRILLE_REASON_OK);
        check_sent((grille_secure_role)role, &place, rsa_leaf.der, GRILLE_REASON_TLS_BAD_CERTIFICATE);
        forge_free(&place);
        make_leaf_of_bytes(signed_by_rsa.len, &place);
        check_sent((grille_secure_role)role, &place, signed_by_rsa.der, GRILLE_REASON_TLS_BAD_CERTIFICATE);
        forge_free(&place);
    }
    forge_free(&signed_by_rsa);
}

static void a_certificate_over_the_limit(void **state) {
    (void)state;
    for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER; role++) {
        check_leaf_of_bytes((grille_secure_role)role, GRILLE_CERTIFICATE_MAX, GRILLE_REASON_OK);
        check_leaf_of_bytes((grille_secure_role)role, GRILLE_CERTIFICATE_MAX + 1, GRILLE_REASON_TLS_BAD_CERTIFICATE);
    }
}

static void no_client_certificate(void **state) {
    (void)state;
    victim_meets_evil(GRILLE_RESPONDER, (evil_options){.no_certificate = true}, GRILLE_REASON_TLS_NO_CERTIFICATE,
                      alert_certificate_required);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_leaf_reaches_the_gate),
        cmocka_unit_test(another_key_than_the_certificates),
        cmocka_unit_test(outside_of_its_validity),
        cmocka_unit_test(clocks_may_differ_by_a_day),
        cmocka_unit_test(another_kind_of_certificate),
        cmocka_unit_test(a_key_for_another_purpose),
        cmocka_unit_test(a_damaged_certificate),
        cmocka_unit_test(a_p384_leaf),
        cmocka_unit_test(a_certificate_over_the_limit),
        cmocka_unit_test(no_client_certificate),
        cmocka_unit_test(leaves_with_rsa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
