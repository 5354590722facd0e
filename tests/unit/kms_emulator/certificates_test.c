/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "attest/path_server.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "front_tests.h"

static kms_certificates made;

static int make(void **state) {
    static const char *const names[] = {"kms.eu-central-1.amazonaws.com", "localhost", "127.0.0.1", "::1"};
    (void)state;
    return kms_certificates_make(names, sizeof names / sizeof *names, &made, NULL) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    kms_certificates_free(&made);
    return made.private_key == NULL ? 0 : -1;
}

static X509 *read_certificate(const char *text) {
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

/* What openssl makes of a certificate, with its authority as the only one trusted. */
static int verify(const char *server, const char *authority, const char *host) {
    X509 *leaf = read_certificate(server), *root = read_certificate(authority);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int result = -1;
    assert_int_equal(1, X509_STORE_add_cert(store, root));
    assert_int_equal(1, X509_STORE_CTX_init(context, store, leaf, NULL));
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    assert_int_equal(1, X509_STORE_CTX_set_default(context, "ssl_server"));
    if (X509_VERIFY_PARAM_set1_ip_asc(X509_STORE_CTX_get0_param(context), host) != 1)
        assert_int_equal(1, X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(context), host, 0));
    (void)X509_verify_cert(context);
    result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(root);
    return result;
}

static void openssl_takes_the_server_by_each_of_its_names(void **state) {
    static const char *const names[] = {"kms.eu-central-1.amazonaws.com", "localhost", "127.0.0.1", "::1"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(X509_V_OK, verify(made.server, made.authority, names[i]));
    assert_int_equal(X509_V_ERR_HOSTNAME_MISMATCH, verify(made.server, made.authority, "kms.us-east-1.amazonaws.com"));
    assert_int_equal(X509_V_ERR_IP_ADDRESS_MISMATCH, verify(made.server, made.authority, "127.0.0.2"));
}

static void the_key_is_the_certificates_and_of_2048_bits(void **state) {
    BIO *bio = BIO_new_mem_buf(made.private_key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    X509 *server = read_certificate(made.server);
    (void)state;
    assert_int_equal(1, X509_check_private_key(server, key));
    assert_int_equal(2048, EVP_PKEY_get_bits(key));
    X509_free(server);
    EVP_PKEY_free(key);
    BIO_free(bio);
}

static grille_bytes der_of(const char *text, uint8_t **der) {
    X509 *certificate = read_certificate(text);
    const int len = i2d_X509(certificate, der);
    X509_free(certificate);
    assert_true(len > 0);
    return grille_bytes_of(*der, (size_t)len);
}

/* Clients of ours check by this one. */
static void the_servers_path_is_of_the_profile_of_services(void **state) {
    uint8_t *leaf = NULL, *root = NULL;
    const grille_bytes sent = der_of(made.server, &leaf), anchor = der_of(made.authority, &root);
    struct timespec now;
    grille_server_path_request request = {.anchors = &anchor,
                                          .anchor_count = 1,
                                          .sent = &sent,
                                          .sent_count = 1,
                                          .dns_name = grille_bytes_of_text("kms.eu-central-1.amazonaws.com"),
                                          .rsa = grille_rsa_wolf()};
    grille_path path;
    grille_error error = {0};
    (void)state;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    request.now_ms = (grille_wall_ms)now.tv_sec * 1000;
    if (grille_path_verify_server(grille_crypto_wolf(), &request, &path, &error) != GRILLE_REASON_OK)
        fail_msg("%s", error.text);
    request.dns_name = grille_bytes_of_text("kms.us-east-1.amazonaws.com");
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_NAME,
                     grille_path_verify_server(grille_crypto_wolf(), &request, &path, &error));
    OPENSSL_free(leaf);
    OPENSSL_free(root);
}

static void what_is_no_name_is_refused(void **state) {
    static const char *const bad[] = {"",     "a..b",     ".a",   "a.",         "-a",   "a-",
                                      "a_b",  "A.com",    "a b",  "a,DNS:b",    "*.a",  "a-.b",
                                      "a.-b", "\xc3\xa4", "a\nb", "256.0.0.1.", "[::1]"};
    char label[66];
    const char *long_label = label;
    grille_error error;
    kms_certificates none;
    (void)state;
    memset(label, 'a', 64);
    label[64] = '\0';
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (kms_certificates_make(&bad[i], 1, &none, &error)) fail_msg("\"%s\" is taken", bad[i]);
        assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
        assert_null(none.private_key);
    }
    assert_false(kms_certificates_make(&long_label, 1, &none, &error));
    assert_false(kms_certificates_make(NULL, 0, &none, &error));
}

int certificates_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_takes_the_server_by_each_of_its_names),
        cmocka_unit_test(the_key_is_the_certificates_and_of_2048_bits),
        cmocka_unit_test(the_servers_path_is_of_the_profile_of_services),
        cmocka_unit_test(what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests_name("certificates", tests, make, end);
}
