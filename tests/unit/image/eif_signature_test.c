/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif_signature.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "crypto/certificate.h"
#include "crypto/pem.h"
#include "eif_parts.h"
#include "image/eif_cose.h"
#include "image_tests.h"
#include "nsm/cbor.h"
#include "nsm/measure.h"

/* A signer, its certificate in PEM, and what it signs. */
typedef struct signed_image {
    grille_private_key *key;
    char pem[2048];
    size_t pem_len;
    eif_measurements measured;
    uint8_t section[EIF_SIGNATURE_MAX];
    size_t section_len;
} signed_image;

static void make_certificate(signed_image *made, grille_curve curve) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t point[GRILLE_POINT_MAX], der[GRILLE_CERTIFICATE_MAX];
    size_t point_len = 0, der_len = 0;
    const grille_certificate_template template_ = {.subject_common_name = "image signer",
                                                   .not_before_ms = 1700000000000,
                                                   .not_after_ms = 2000000000000,
                                                   .serial = {1},
                                                   .path_len = -1};
    assert_int_equal(GRILLE_REASON_OK, crypto->key_generate(curve, &made->key));
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(made->key, point, sizeof point, &point_len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_certificate_write(crypto, &template_, curve, grille_bytes_of(point, point_len), made->key,
                                              der, sizeof der, &der_len));
    assert_int_equal(GRILLE_REASON_OK, grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_bytes_of(der, der_len),
                                                        made->pem, sizeof made->pem, &made->pem_len));
}

static grille_bytes pem_of(const signed_image *one) {
    return grille_bytes_of((const uint8_t *)one->pem, one->pem_len);
}

static bool sign(signed_image *one, const signed_image *certificate_of, grille_error *error) {
    static eif_signer signer;
    *error = (grille_error){.code = GRILLE_OK};
    return eif_signer_read(pem_of(certificate_of), &signer, error) &&
           eif_signature_write(grille_crypto_wolf(), &signer, pem_of(certificate_of), one->key, one->measured.pcr0,
                               one->section, sizeof one->section, &one->section_len, error);
}

static signed_image *make(grille_curve curve) {
    signed_image *made = calloc(1, sizeof *made);
    const eif image = eif_parts();
    grille_error error;
    make_certificate(made, curve);
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &image, &made->measured));
    if (!sign(made, made, &error)) fail_msg("%s", error.text);
    return made;
}

static void drop(signed_image *one) {
    grille_crypto_wolf()->key_free(one->key);
    free(one);
}

static bool check(const signed_image *one, grille_bytes section, eif_measurements *measured, grille_error *error) {
    static eif_signer signer;
    *measured = one->measured;
    *error = (grille_error){.code = GRILLE_OK};
    return eif_signature_check(grille_crypto_wolf(), section, &signer, measured, error);
}

static grille_bytes section_of(const signed_image *one) {
    return grille_bytes_of(one->section, one->section_len);
}

static void signatures_of_both_curves_hold(void **state) {
    (void)state;
    for (int curve = GRILLE_P256; curve <= GRILLE_P384; curve++) {
        static eif_signer signer;
        signed_image *one = make((grille_curve)curve);
        eif_measurements measured;
        uint8_t pcr8[GRILLE_NSM_PCR_BYTES];
        grille_error error;
        if (!check(one, section_of(one), &measured, &error)) fail_msg("%s", error.text);
        assert_true(measured.is_signed);
        assert_true(eif_signer_read(pem_of(one), &signer, &error));
        assert_int_equal(GRILLE_REASON_OK,
                         grille_measure_image(grille_crypto_wolf(),
                                              grille_bytes_of(signer.certificate, signer.certificate_len), pcr8));
        assert_memory_equal(pcr8, measured.pcr8, sizeof pcr8);
        drop(one);
    }
}

static void a_signature_of_another_image_does_not_hold(void **state) {
    signed_image *one = make(GRILLE_P384);
    eif_measurements measured;
    grille_error error;
    (void)state;
    one->measured.pcr0[47] ^= 1;
    assert_false(check(one, section_of(one), &measured, &error));
    assert_string_equal("EIF-SIGNATURE", error.name);
    assert_non_null(strstr(error.text, "not this image's PCR0"));
    drop(one);
}

static void write_numbers(grille_writer *writer, grille_bytes bytes) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_ARRAY, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, bytes.data[i]);
}

/* A signer as often as said, by hand: the signature first. */
static grille_bytes write_section(signed_image *one, grille_bytes pem, unsigned signers) {
    uint8_t cose[EIF_COSE_MAX];
    size_t cose_len = 0;
    grille_writer writer = grille_writer_into(one->section, sizeof one->section);
    assert_int_equal(GRILLE_REASON_OK,
                     eif_cose_sign(grille_crypto_wolf(), one->key, one->measured.pcr0, cose, sizeof cose, &cose_len));
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, signers);
    for (unsigned i = 0; i < signers; i++) {
        grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_MAP, 2);
        grille_nsm_cbor_write_text(&writer, "signature");
        write_numbers(&writer, grille_bytes_of(cose, cose_len));
        grille_nsm_cbor_write_text(&writer, "signing_certificate");
        write_numbers(&writer, pem);
    }
    assert_int_equal(GRILLE_REASON_OK, grille_writer_end(&writer));
    return grille_written(&writer);
}

static void another_key_cannot_sign(void **state) {
    signed_image *one = make(GRILLE_P384), *other = make(GRILLE_P384), *third = make(GRILLE_P256);
    eif_measurements measured;
    grille_error error;
    (void)state;
    assert_false(sign(one, other, &error));
    assert_non_null(strstr(error.text, "private key is not that of"));
    assert_true(check(one, write_section(one, pem_of(one), 1), &measured, &error));
    assert_false(check(one, write_section(one, pem_of(other), 1), &measured, &error));
    assert_non_null(strstr(error.text, "not by the certificate's key"));
    assert_false(check(one, write_section(one, pem_of(third), 1), &measured, &error));
    assert_non_null(strstr(error.text, "not that of the certificate's curve"));
    drop(one);
    drop(other);
    drop(third);
}

/* PCR8 is of the first one: a second would mean nothing. */
static void two_signers_or_none_are_refused(void **state) {
    signed_image *one = make(GRILLE_P256);
    eif_measurements measured;
    grille_error error;
    (void)state;
    for (unsigned signers = 0; signers <= 2; signers++)
        assert_int_equal(signers == 1, check(one, write_section(one, pem_of(one), signers), &measured, &error));
    drop(one);
}

static void every_prefix_is_refused(void **state) {
    signed_image *one = make(GRILLE_P256);
    eif_measurements measured;
    grille_error error;
    (void)state;
    for (size_t cut = 0; cut < one->section_len; cut++) {
        uint8_t *exact = malloc(cut == 0 ? 1 : cut);
        memcpy(exact, one->section, cut);
        assert_false(check(one, grille_bytes_of(exact, cut), &measured, &error));
        assert_string_equal("EIF-SIGNATURE", error.name);
        free(exact);
    }
    one->section[one->section_len] = 0;
    assert_false(check(one, grille_bytes_of(one->section, one->section_len + 1), &measured, &error));
    drop(one);
}

/* A bit of the certificate changes PCR8 or breaks it, a bit of anything else breaks the signature. */
static void no_changed_byte_gives_the_same(void **state) {
    signed_image *one = make(GRILLE_P256);
    eif_measurements right, measured;
    grille_error error;
    (void)state;
    assert_true(check(one, section_of(one), &right, &error));
    for (size_t at = 0; at < one->section_len; at++) {
        one->section[at] ^= 1;
        if (check(one, section_of(one), &measured, &error)) {
            assert_memory_not_equal(right.pcr8, measured.pcr8, sizeof right.pcr8);
        }
        one->section[at] ^= 1;
    }
    drop(one);
}

static void texts_that_are_no_certificate_are_refused(void **state) {
    static const char *const texts[] = {"", "\n", "hello", "-----BEGIN CERTIFICATE-----\n"};
    signed_image *one = make(GRILLE_P256);
    static eif_signer signer;
    static char twice[4096];
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(eif_signer_read(grille_bytes_of_text(texts[i]), &signer, &error));
    memcpy(twice, one->pem, one->pem_len);
    memcpy(&twice[one->pem_len], one->pem, one->pem_len);
    assert_false(eif_signer_read(grille_bytes_of((uint8_t *)twice, 2 * one->pem_len), &signer, &error));
    assert_non_null(strstr(error.text, "something follows"));
    drop(one);
}

int eif_signature_tests(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_both_curves_hold),
        cmocka_unit_test(a_signature_of_another_image_does_not_hold),
        cmocka_unit_test(another_key_cannot_sign),
        cmocka_unit_test(two_signers_or_none_are_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(no_changed_byte_gives_the_same),
        cmocka_unit_test(texts_that_are_no_certificate_are_refused),
    };
    return cmocka_run_group_tests_name("eif_signature", tests, NULL, NULL);
}
