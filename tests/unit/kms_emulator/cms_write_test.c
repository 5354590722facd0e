/* SPDX-License-Identifier: Apache-2.0
 * Messages for a recipient: as AWS writes them, and opened by OpenSSL and by what an enclave has. */
#include "kms_emulator/cms_write.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_tests.h"
#include "kms/cms.h"
#include "kms/recipient.h"
#include "service.h"

#define MOST 6000

static uint8_t plain[5000];
static uint8_t message[KMS_RECIPIENT_MESSAGE_BYTES(sizeof plain)];
static size_t len;
static char folder[32];
static grille_rsa_private_key *enclave_key;

static grille_reason fill(void *context, uint8_t *out, size_t count) {
    (void)context;
    return grille_crypto_wolf()->random(out, count);
}

static int setup(void **state) {
    const grille_rsa_random random = {.fill = fill};
    (void)snprintf(folder, sizeof folder, "/tmp/kms_cms_XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 31 + i / 256);
    assert_int_equal(GRILLE_REASON_OK, grille_rsa_private_wolf()->generate(random, &enclave_key));
    return service_group_setup(state);
}

static int teardown(void **state) {
    (void)state;
    grille_rsa_private_wolf()->free(enclave_key);
    return rmdir(folder);
}

static grille_bytes make(kms_content_form form, size_t plain_len) {
    assert_true(
        kms_cms_write(recipient_key(), recipient_spki(), form, grille_bytes_of(plain, plain_len), message, &len));
    return grille_bytes_of(message, len);
}

static size_t segments_of(const grille_cms *cms) {
    grille_ber_octets octets = cms->content;
    grille_bytes segment;
    size_t count = 0;
    while (grille_ber_octets_next(&octets, &segment)) {
        assert_in_range(segment.len, 1, 1000);
        count++;
    }
    assert_false(octets.bad);
    return count;
}

/* Byte by byte what a real message of the service has around its varying parts. */
static void test_the_form_is_the_services(void **state) {
    static const uint8_t head[] = {0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
                                   0x07, 0x03, 0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x02, 0x31, 0x82,
                                   0x01, 0x6b, 0x30, 0x82, 0x01, 0x67, 0x02, 0x01, 0x02, 0x80, 0x20};
    static const uint8_t middle[] = {0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                     0x01, 0x07, 0x01, 0x30, 0x1d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                     0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x04, 0x10};
    static const uint8_t ends[12] = {0};
    grille_bytes made;
    (void)state;
    made = make(KMS_CONTENT_CONSTRUCTED, 32);
    assert_int_equal(493, made.len); /* as the message of a data key is */
    assert_memory_equal(head, made.data, sizeof head);
    assert_memory_equal(middle, &made.data[387], sizeof middle);
    assert_memory_equal("\xa0\x80\x04\x30", &made.data[431], 4);
    assert_memory_equal(ends, &made.data[483], 10);
    made = make(KMS_CONTENT_PRIMITIVE, 15);
    assert_int_equal(457, made.len);
    assert_memory_equal(middle, &made.data[387], sizeof middle);
    assert_memory_equal("\x80\x10", &made.data[431], 2);
    assert_memory_equal(ends, &made.data[449], 8);
}

static void test_fields(void **state) {
    static const size_t lens[] = {0, 1, 15, 16, 983, 984, 999, 1000, 4096};
    static const size_t segments[] = {1, 1, 1, 1, 1, 1, 2, 2, 5};
    uint8_t identifier[32];
    grille_cms cms;
    (void)state;
    assert_int_equal(1, EVP_Digest(recipient_spki().data, recipient_spki().len, identifier, NULL, EVP_sha256(), NULL));
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (int form = KMS_CONTENT_CONSTRUCTED; form <= KMS_CONTENT_PRIMITIVE; form++) {
            assert_int_equal(GRILLE_REASON_OK, grille_cms_read(make((kms_content_form)form, lens[i]), &cms));
            assert_memory_equal(identifier, cms.recipient.data, sizeof identifier);
            assert_int_equal((lens[i] / 16 + 1) * 16, cms.content_len);
            if (form == KMS_CONTENT_CONSTRUCTED) assert_int_equal(segments[i], segments_of(&cms));
        }
    }
}

static void assert_openssl_opens(grille_bytes made, size_t plain_len) {
    const unsigned char *at = made.data;
    CMS_ContentInfo *info = d2i_CMS_ContentInfo(NULL, &at, (long)made.len);
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes;
    assert_non_null(info);
    assert_ptr_equal(made.data + made.len, at);
    assert_int_equal(1, CMS_decrypt(info, recipient_key(), NULL, NULL, out, 0));
    assert_int_equal(plain_len, BIO_get_mem_data(out, &bytes));
    if (plain_len != 0) assert_memory_equal(plain, bytes, plain_len);
    BIO_free(out);
    CMS_ContentInfo_free(info);
}

static void test_openssl_opens_any_length(void **state) {
    static const size_t lens[] = {0, 1, 15, 16, 17, 32, 983, 984, 1000, 1024, 2000, 4096};
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_openssl_opens(make(KMS_CONTENT_CONSTRUCTED, lens[i]), lens[i]);
        assert_openssl_opens(make(KMS_CONTENT_PRIMITIVE, lens[i]), lens[i]);
    }
}

static void write_file(const char *name, grille_bytes bytes) {
    char path[64];
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(bytes.len, fwrite(bytes.data, 1, bytes.len, file));
    assert_int_equal(0, fclose(file));
}

/* The command, with nothing but the key. */
static void test_openssl_cms_decrypt(void **state) {
    static const char command[] = "cd %s && for form in constructed primitive; do"
                                  " openssl cms -decrypt -inform DER -in $form -inkey key -out out &&"
                                  " cmp out plain || exit 1; done; rm -f constructed primitive key out plain";
    char line[sizeof command + sizeof folder];
    BIO *key = BIO_new(BIO_s_mem());
    char *pem;
    long pem_len;
    (void)state;
    assert_int_equal(1, PEM_write_bio_PrivateKey(key, recipient_key(), NULL, NULL, 0, NULL, NULL));
    pem_len = BIO_get_mem_data(key, &pem);
    write_file("key", grille_bytes_of(pem, (size_t)pem_len));
    write_file("plain", grille_bytes_of(plain, 3000));
    write_file("constructed", make(KMS_CONTENT_CONSTRUCTED, 3000));
    write_file("primitive", make(KMS_CONTENT_PRIMITIVE, 3000));
    (void)snprintf(line, sizeof line, command, folder);
    assert_int_equal(0, system(line));
    BIO_free(key);
}

static void test_an_enclave_opens_it(void **state) {
    static const size_t lens[] = {0, 1, 16, 32, 1000, 1024, 4096};
    static uint8_t opened[MOST];
    const grille_rsa_private *rsa = grille_rsa_private_wolf();
    const grille_bytes spki = rsa->spki(enclave_key);
    const char *problem;
    EVP_PKEY *key = kms_recipient_key_read(spki, &problem);
    size_t opened_len;
    (void)state;
    assert_non_null(key);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (int form = KMS_CONTENT_CONSTRUCTED; form <= KMS_CONTENT_PRIMITIVE; form++) {
            assert_true(
                kms_cms_write(key, spki, (kms_content_form)form, grille_bytes_of(plain, lens[i]), message, &len));
            assert_int_equal(GRILLE_REASON_OK, grille_recipient_open(rsa, enclave_key, grille_bytes_of(message, len),
                                                                     opened, sizeof opened, &opened_len));
            assert_int_equal(lens[i], opened_len);
            if (opened_len != 0) assert_memory_equal(plain, opened, opened_len);
        }
    }
    EVP_PKEY_free(key);
    /* One for somebody else. */
    assert_int_equal(
        GRILLE_REASON_KMS_RECIPIENT,
        grille_recipient_open(rsa, enclave_key, make(KMS_CONTENT_PRIMITIVE, 9), opened, sizeof opened, &opened_len));
}

static void test_larger_keys_have_longer_messages(void **state) {
    uint8_t spki[1024];
    const char *problem;
    (void)state;
    for (int bits = 2048; bits <= 4096; bits += 1024) {
        const grille_bytes written = spki_of_bits(bits, 65537, spki);
        EVP_PKEY *key = kms_recipient_key_read(written, &problem);
        const unsigned char *at = message;
        CMS_ContentInfo *info;
        assert_non_null(key);
        assert_null(problem);
        assert_true(
            kms_cms_write(key, written, KMS_CONTENT_CONSTRUCTED, grille_bytes_of(plain, sizeof plain), message, &len));
        info = d2i_CMS_ContentInfo(NULL, &at, (long)len);
        assert_non_null(info);
        assert_ptr_equal(message + len, at);
        CMS_ContentInfo_free(info);
        EVP_PKEY_free(key);
    }
}

static void assert_no_key(grille_bytes spki, const char *expected) {
    const char *problem;
    assert_null(kms_recipient_key_read(spki, &problem));
    assert_string_equal(expected, problem);
}

static void test_keys_that_are_none(void **state) {
    static const char no_key[] = "its public_key is no SubjectPublicKeyInfo in DER";
    uint8_t spki[1024], longer[1024];
    grille_bytes written;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    uint8_t *der = NULL;
    int der_len = i2d_PUBKEY(other, &der);
    (void)state;
    assert_no_key((grille_bytes){.len = 0}, "it has no public_key");
    assert_no_key(spki_of_bits(1024, 65537, spki), "its public_key is an RSA key below 2,048 bits");
    assert_no_key(spki_of_bits(2047, 65537, spki), "its public_key is an RSA key below 2,048 bits");
    assert_no_key(spki_of_bits(4104, 65537, spki), "its public_key is an RSA key above 4,096 bits");
    assert_no_key(spki_of_bits(2048, 1, spki), "its public_key has no exponent of RSA");
    assert_no_key(spki_of_bits(2048, 65536, spki), "its public_key has no exponent of RSA");
    assert_no_key(grille_bytes_of(der, (size_t)der_len), "its public_key is no RSA key");
    written = spki_of_bits(2048, 65537, spki);
    memcpy(longer, written.data, written.len);
    longer[written.len] = 0;
    assert_no_key(grille_bytes_of(longer, written.len + 1), no_key);
    for (size_t cut = 0; cut < written.len; cut += 7)
        assert_no_key(grille_bytes_of(longer, cut), cut == 0 ? "it has no public_key" : no_key);
    OPENSSL_free(der);
    EVP_PKEY_free(other);
}

int cms_write_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_form_is_the_services), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_openssl_opens_any_length), cmocka_unit_test(test_openssl_cms_decrypt),
        cmocka_unit_test(test_an_enclave_opens_it),      cmocka_unit_test(test_larger_keys_have_longer_messages),
        cmocka_unit_test(test_keys_that_are_none),
    };
    return cmocka_run_group_tests_name("cms_write", tests, setup, teardown);
}
