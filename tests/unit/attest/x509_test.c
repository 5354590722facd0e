/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/x509.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "wire/limits.h"

static grille_reason read_template(const forge_template *t, grille_x509 *read) {
    static forge_identity made;
    grille_reason reason;
    forge_certificate(t, NULL, &made);
    reason = grille_x509_read(forge_der(&made), read);
    forge_free(&made);
    return reason;
}

static void a_leaf_is_read_whole(void **state) {
    forge_template t = forge_leaf("leaf", GRILLE_P256, "a.example", "urn:a");
    grille_x509 read;
    char text[8];
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
    assert_int_equal(GRILLE_X509_ECDSA_SHA256, read.signature_kind);
    assert_true(grille_bytes_equal(read.issuer, read.subject));
    assert_true(grille_bytes_equal(grille_bytes_of_text("leaf"), read.common_name));
    assert_int_equal(t.not_before_ms, read.not_before_ms);
    assert_int_equal(t.not_after_ms, read.not_after_ms);
    assert_true(read.has_ec_key);
    assert_int_equal(GRILLE_P256, read.curve);
    assert_int_equal(GRILLE_P256_POINT, read.point.len);
    assert_false(read.has_basic_constraints);
    assert_false(read.is_ca);
    assert_int_equal(-1, read.path_len);
    assert_int_equal(GRILLE_KEY_USAGE_DIGITAL_SIGNATURE, read.key_usage);
    assert_true(read.allows_client_auth && read.allows_server_auth);
    assert_true(grille_x509_has_name(&read, GRILLE_X509_DNS, grille_bytes_of_text("a.example")));
    assert_true(grille_x509_has_name(&read, GRILLE_X509_URI, grille_bytes_of_text("urn:a")));
    assert_false(grille_x509_has_name(&read, GRILLE_X509_URI, grille_bytes_of_text("a.example")));
    assert_false(grille_x509_has_name(&read, GRILLE_X509_DNS, grille_bytes_of_text("a.exampl")));
    assert_false(grille_x509_has_name(&read, GRILLE_X509_DNS, grille_bytes_of(NULL, 0)));
    assert_true(grille_bytes_equal(grille_x509_first_name(&read), grille_bytes_of_text("a.example")));
    grille_x509_text(grille_bytes_of("a\x01\xffz", 4), text, sizeof text);
    assert_string_equal("a??z", text);
    grille_x509_text(grille_bytes_of_text("longer than it"), text, sizeof text);
    assert_string_equal("longer ", text);
}

static void a_ca_is_read_whole(void **state) {
    forge_template t = forge_template_of("ca", GRILLE_P384);
    grille_x509 read;
    (void)state;
    forge_basic_constraints(&t, true, true, 3);
    forge_key_usage(&t, true, GRILLE_KEY_USAGE_CERT_SIGN | GRILLE_KEY_USAGE_CRL_SIGN);
    assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
    assert_int_equal(GRILLE_X509_ECDSA_SHA384, read.signature_kind);
    assert_int_equal(GRILLE_P384, read.curve);
    assert_true(read.is_ca && read.basic_constraints_critical);
    assert_int_equal(3, read.path_len);
    assert_int_equal(0x06, read.key_usage);
    assert_false(read.has_name_constraints || read.has_unknown_critical_extension);
}

static void other_keys_and_signatures_are_marked(void **state) {
    forge_template t = forge_template_of("rsa", GRILLE_P256);
    grille_x509 read;
    (void)state;
    t.rsa_key = true;
    t.rsa_signature = true;
    assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
    assert_false(read.has_ec_key);
    assert_int_equal(GRILLE_X509_RSA_SHA256, read.signature_kind);
}

static void signature_algorithms_have_their_parameters(void **state) {
    static const struct {
        const char *what, *identifier;
        size_t len;
        grille_x509_signature kind;
    } rows[] = {
#define SIGNED(what, identifier, kind) {what, identifier, sizeof identifier - 1, GRILLE_X509_##kind}
#define RSA                            "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA                          "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
        SIGNED("RSA with SHA-256", "\x30\x0d" RSA "\x0b\x05\x00", RSA_SHA256),
        SIGNED("RSA with SHA-384", "\x30\x0d" RSA "\x0c\x05\x00", RSA_SHA384),
        SIGNED("RSA with SHA-512", "\x30\x0d" RSA "\x0d\x05\x00", RSA_SHA512),
        SIGNED("RSA without NULL", "\x30\x0b" RSA "\x0b", SIGNATURE_OTHER),
        SIGNED("RSA with other parameters", "\x30\x0d" RSA "\x0b\x04\x00", SIGNATURE_OTHER),
        SIGNED("RSA with NULL twice", "\x30\x0f" RSA "\x0b\x05\x00\x05\x00", SIGNATURE_OTHER),
        SIGNED("RSA with a NULL of one byte", "\x30\x0e" RSA "\x0b\x05\x01\x00", SIGNATURE_OTHER),
        SIGNED("RSA with a long NULL", "\x30\x0e" RSA "\x0b\x05\x81\x00", SIGNATURE_OTHER),
        SIGNED("RSA with MD5", "\x30\x0d" RSA "\x04\x05\x00", SIGNATURE_OTHER),
        SIGNED("RSA with SHA-1", "\x30\x0d" RSA "\x05\x05\x00", SIGNATURE_OTHER),
        SIGNED("RSA with SHA-224", "\x30\x0d" RSA "\x0e\x05\x00", SIGNATURE_OTHER),
        SIGNED("RSA alone", "\x30\x0d" RSA "\x01\x05\x00", SIGNATURE_OTHER),
        SIGNED("RSASSA-PSS", "\x30\x0d" RSA "\x0a\x30\x00", RSA_PSS),
        SIGNED("ECDSA with SHA-256", "\x30\x0a" ECDSA "\x02", ECDSA_SHA256),
        SIGNED("ECDSA with SHA-384", "\x30\x0a" ECDSA "\x03", ECDSA_SHA384),
        SIGNED("ECDSA with NULL", "\x30\x0c" ECDSA "\x02\x05\x00", SIGNATURE_OTHER),
        SIGNED("ECDSA with SHA-512", "\x30\x0a" ECDSA "\x04", SIGNATURE_OTHER),
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forge_template t = forge_template_of("algorithms", GRILLE_P256);
        grille_x509 read;
        t.algorithm = grille_bytes_of(rows[i].identifier, rows[i].len);
        assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
        if (read.signature_kind != rows[i].kind) fail_msg("%s: %d", rows[i].what, (int)read.signature_kind);
    }
}

static void name_constraints_and_unknown_critical_extensions_are_marked(void **state) {
    forge_template t = forge_template_of("x", GRILLE_P256);
    grille_x509 read;
    (void)state;
    forge_name_constraints(&t, false);
    forge_add(&t, FORGE_ID_CE(32), false, "\x30\x00", 2); /* certificatePolicies, skipped */
    assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
    assert_true(read.has_name_constraints);
    assert_false(read.has_unknown_critical_extension);
    forge_add(&t, FORGE_ID_CE(36), true, "\x30\x00", 2); /* policyConstraints */
    assert_int_equal(GRILLE_REASON_OK, read_template(&t, &read));
    assert_true(read.has_unknown_critical_extension);
}

/* Changes of a template that make a certificate no strict one. */
static void version_1(forge_template *t) {
    t->version = 0;
}
static void version_2(forge_template *t) {
    t->version = 1;
}
static void other_inner_algorithm(forge_template *t) {
    t->other_inner_algorithm = true;
}
static void unique_id(forge_template *t) {
    t->unique_id = true;
}
static void long_length(forge_template *t) {
    t->long_length = true;
}
static void trailing(forge_template *t) {
    t->trailing_bytes = 1;
}
static void general_time(forge_template *t) {
    t->general_time = true;
}
static void ends_before_it_begins(forge_template *t) {
    t->not_after_ms = t->not_before_ms - 1000;
}
static void two_common_names(forge_template *t) {
    t->second_subject = "second";
}
static void false_encoded(forge_template *t) {
    t->extensions[0].false_encoded = true;
    t->extensions[0].critical = false;
}
static void trailing_in_extension(forge_template *t) {
    t->extensions[0].value[t->extensions[0].len++] = 0;
}
static void path_len_without_ca(forge_template *t) {
    t->extension_count = 0;
    forge_basic_constraints(t, true, false, 1);
}
static void key_usage_of_nothing(forge_template *t) {
    t->extension_count = 0;
    forge_add(t, FORGE_ID_CE(15), true, "\x03\x02\x07\x00", 4);
}
static void no_purposes(forge_template *t) {
    t->extension_count = 0;
    forge_add(t, FORGE_ID_CE(37), true, "\x30\x00", 2);
}
static void no_alternative_names(forge_template *t) {
    t->extension_count = 0;
    forge_add(t, FORGE_ID_CE(17), true, "\x30\x00", 2);
}
static void alternative_name_of_another_class(forge_template *t) {
    t->extension_count = 0;
    forge_add(t, FORGE_ID_CE(17), true, "\x30\x03\x0c\x01\x61", 5);
}
static void too_many_extensions(forge_template *t) {
    t->extension_count = 0;
    for (int i = 0; i <= GRILLE_LIMIT_CERTIFICATE_EXTENSIONS; i++) {
        forge_add(t, ((const char[]){0x2a, 0x03, (char)i}), 3, false, "\x05\x00", 2);
    }
}
static void most_extensions(forge_template *t) {
    too_many_extensions(t);
    t->extension_count--;
}
static void twice(forge_template *t) {
    t->extensions[t->extension_count++] = t->extensions[0];
}
static void unknown_twice(forge_template *t) {
    for (int i = 0; i < 2; i++)
        forge_add(t, FORGE_ID_CE(32), false, "\x30\x00", 2);
}
static void nothing(forge_template *t) {
    (void)t;
}

static void only_strict_certificates_are_read(void **state) {
    static const struct {
        const char *name;
        void (*change)(forge_template *t);
        grille_reason expected;
    } rows[] = {
#define ROW(change, expected) {#change, change, GRILLE_REASON_##expected}
        ROW(nothing, OK),
        ROW(most_extensions, OK),
        ROW(version_1, ATTEST_CERT_FORMAT),
        ROW(version_2, ATTEST_CERT_FORMAT),
        ROW(other_inner_algorithm, ATTEST_CERT_FORMAT),
        ROW(unique_id, ATTEST_CERT_FORMAT),
        ROW(long_length, ATTEST_CERT_FORMAT),
        ROW(trailing, ATTEST_CERT_FORMAT),
        ROW(general_time, ATTEST_CERT_FORMAT),
        ROW(ends_before_it_begins, ATTEST_CERT_FORMAT),
        ROW(two_common_names, ATTEST_CERT_FORMAT),
        ROW(false_encoded, ATTEST_CERT_FORMAT),
        ROW(trailing_in_extension, ATTEST_CERT_FORMAT),
        ROW(path_len_without_ca, ATTEST_CERT_FORMAT),
        ROW(key_usage_of_nothing, ATTEST_CERT_FORMAT),
        ROW(no_purposes, ATTEST_CERT_FORMAT),
        ROW(no_alternative_names, ATTEST_CERT_FORMAT),
        ROW(alternative_name_of_another_class, ATTEST_CERT_FORMAT),
        ROW(too_many_extensions, ATTEST_CERT_FORMAT),
        ROW(twice, ATTEST_CERT_DUPLICATE_EXTENSION),
        ROW(unknown_twice, ATTEST_CERT_DUPLICATE_EXTENSION),
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forge_template t = forge_ca("ca", GRILLE_P256);
        grille_x509 read, nothing_read = {.path_len = -1};
        grille_reason observed;
        rows[i].change(&t);
        observed = read_template(&t, &read);
        if (observed != rows[i].expected) {
            fail_msg("%s: expected %s, observed %s", rows[i].name, grille_reason_name(rows[i].expected),
                     grille_reason_name(observed));
        }
        if (observed != GRILLE_REASON_OK) assert_memory_equal(&nothing_read, &read, sizeof read);
    }
}

/* What is read of a changed certificate may differ or be refused; it never reads outside and a prefix never passes. */
static void every_prefix_and_flip_is_survived(void **state) {
    forge_template t = forge_leaf("leaf", GRILLE_P256, "a.example", "urn:a");
    forge_identity made;
    grille_x509 read;
    (void)state;
    forge_certificate(&t, NULL, &made);
    for (size_t cut = 0; cut < made.len; cut++) {
        assert_int_not_equal(GRILLE_REASON_OK, grille_x509_read(grille_bytes_of(made.der, cut), &read));
    }
    for (size_t i = 0; i < 8 * made.len; i++) {
        made.der[i / 8] ^= (uint8_t)(1u << i % 8);
        if (grille_x509_read(forge_der(&made), &read) == GRILLE_REASON_OK) {
            (void)grille_x509_has_name(&read, GRILLE_X509_DNS, grille_bytes_of_text("a.example"));
            (void)grille_x509_first_name(&read);
        }
        made.der[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(forge_der(&made), &read));
    forge_free(&made);
}

/* The writer of crypto/ makes what this reads. */
static void our_own_certificates_are_read(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const grille_certificate_template template_ = {.subject_common_name = "leaf",
                                                   .not_before_ms = FORGE_NOW_MS,
                                                   .not_after_ms = FORGE_NOW_MS + 1000,
                                                   .serial = {1},
                                                   .path_len = -1,
                                                   .with_basic_constraints = true,
                                                   .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE,
                                                   .client_auth = true,
                                                   .san_uri = "spiffe://a/b"};
    grille_private_key *key = NULL;
    uint8_t point[GRILLE_POINT_MAX], der[GRILLE_CERTIFICATE_MAX];
    size_t point_len = 0, len = 0;
    grille_x509 read;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, crypto->key_generate(GRILLE_P256, &key));
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(key, point, sizeof point, &point_len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_certificate_write(crypto, &template_, GRILLE_P256, grille_bytes_of(point, point_len), key,
                                              der, sizeof der, &len));
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(grille_bytes_of(der, len), &read));
    assert_true(read.has_basic_constraints);
    assert_false(read.is_ca);
    assert_true(read.allows_client_auth);
    assert_false(read.allows_server_auth);
    assert_true(grille_x509_has_name(&read, GRILLE_X509_URI, grille_bytes_of_text("spiffe://a/b")));
    crypto->key_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_is_read_whole),
        cmocka_unit_test(a_ca_is_read_whole),
        cmocka_unit_test(other_keys_and_signatures_are_marked),
        cmocka_unit_test(signature_algorithms_have_their_parameters),
        cmocka_unit_test(name_constraints_and_unknown_critical_extensions_are_marked),
        cmocka_unit_test(only_strict_certificates_are_read),
        cmocka_unit_test(every_prefix_and_flip_is_survived),
        cmocka_unit_test(our_own_certificates_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
