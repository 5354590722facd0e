/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "wire/limits.h"

static forge_identity ca, leaf, other;

static int setup(void **state) {
    forge_template t = forge_ca("ca", GRILLE_P256), l = forge_leaf("leaf", GRILLE_P384, "a.example", NULL);
    (void)state;
    forge_certificate(&t, NULL, &ca);
    forge_certificate(&l, &ca, &leaf);
    forge_certificate(&l, &ca, &other);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_free(&ca);
    forge_free(&leaf);
    forge_free(&other);
    return 0;
}

static void expect(const char *chain, const char *key, const char *part) {
    grille_identity *identity = NULL;
    grille_error error;
    grille_code code = grille_identity_load_x509(chain, key, &identity, &error);
    if (part == NULL) {
        if (code != GRILLE_OK) fail_msg("%s", error.text);
        assert_int_equal(GRILLE_IDENTITY_X509, grille_identity_get_kind(identity));
        assert_string_equal("", error.name);
        grille_identity_free(identity);
        return;
    }
    assert_int_equal(GRILLE_FAILED_PRECONDITION, code);
    assert_null(identity);
    assert_string_equal("ATTEST-IDENTITY", error.name);
    if (strstr(error.text, part) == NULL) fail_msg("expected \"%s\" in \"%s\"", part, error.text);
}

static void chains_and_keys_are_loaded(void **state) {
    const forge_identity *alone[] = {&leaf}, *with_ca[] = {&leaf, &ca};
    (void)state;
    expect(forge_chain_file(alone, 1), forge_key_file(&leaf), NULL);
    expect(forge_chain_file(with_ca, 2), forge_key_file(&leaf), NULL);
    grille_identity_free(NULL);
}

static void what_does_not_fit_is_named(void **state) {
    const forge_identity *alone[] = {&leaf}, *reversed[] = {&ca, &leaf}, *unrelated[] = {&leaf, &other},
                         *many[] = {&leaf, &ca, &ca, &ca, &ca}, *only_ca[] = {&ca};
    const char *good_key = forge_key_file(&leaf);
    char key[600];
    (void)state;
    (void)snprintf(key, sizeof key, "%s", good_key);
    expect("no/such/file", key, "No such file");
    expect(forge_chain_file(alone, 1), "no/such/key", "No such file");
    expect(forge_chain_file(reversed, 2), key, "not in order");
    expect(forge_chain_file(unrelated, 2), key, "not in order");
    expect(forge_chain_file(many, 5), key, "more than 4");
    expect(forge_chain_file(only_ca, 1), forge_key_file(&ca), "is a CA");
    expect(forge_chain_file(alone, 1), forge_key_file(&other), "not the one of the leaf");
    expect(forge_chain_file(alone, 1), forge_key_file(&ca), "not the one of the leaf");
    expect(key, key, "expected PEM certificates");
    expect(forge_chain_file(alone, 1), forge_chain_file(alone, 1), "expected one PEM block");
    expect(forge_file("empty.pem", grille_bytes_of(NULL, 0)), key, "no certificate");
    expect(forge_chain_file(alone, 1), forge_file("empty.pem", grille_bytes_of(NULL, 0)), "expected one PEM block");
    expect(forge_file("text.pem", grille_bytes_of_text("hello\n")), key, "expected PEM certificates");
}

static void two_keys_in_a_file_are_refused(void **state) {
    const forge_identity *alone[] = {&leaf};
    static char two[2048];
    FILE *file = fopen(forge_key_file(&leaf), "rb");
    size_t len;
    (void)state;
    assert_non_null(file);
    len = fread(two, 1, sizeof two / 2, file);
    (void)fclose(file);
    memcpy(&two[len], two, len);
    expect(forge_chain_file(alone, 1), forge_file("two.pem", grille_bytes_of(two, 2 * len)), "expected one PEM block");
}

static void files_have_a_limit(void **state) {
    static char text[2 * GRILLE_LIMIT_X509_CHAIN * GRILLE_LIMIT_PEER_CERTIFICATE_BYTES];
    (void)state;
    memset(text, '\n', sizeof text);
    expect(forge_file("long.pem", grille_bytes_of(text, sizeof text)), "unused", "too long");
    expect(forge_file("long.pem", grille_bytes_of(text, sizeof text - 1)), "unused", "no certificate");
}

static void a_certificate_with_an_rsa_key_is_refused(void **state) {
    forge_template t = forge_leaf("rsa", GRILLE_P256, "a", NULL);
    forge_identity rsa;
    const forge_identity *alone[] = {&rsa};
    (void)state;
    t.rsa_key = true;
    forge_certificate(&t, &ca, &rsa);
    expect(forge_chain_file(alone, 1), forge_key_file(&rsa), "P-256 or P-384");
    forge_free(&rsa);
}

/* Freed with its last owner: the address sanitizer tells. */
static void identities_have_owners(void **state) {
    const forge_identity *alone[] = {&leaf};
    grille_identity *identity = NULL, *second;
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_OK,
                     grille_identity_load_x509(forge_chain_file(alone, 1), forge_key_file(&leaf), &identity, &error));
    second = grille_identity_ref(identity);
    assert_ptr_equal(identity, second);
    grille_identity_free(identity);
    assert_int_equal(GRILLE_IDENTITY_X509, grille_identity_get_kind(second));
    grille_identity_free(second);
}

static void kinds_have_names(void **state) {
    (void)state;
    assert_string_equal("nitro", grille_identity_kind_name(GRILLE_IDENTITY_NITRO));
    assert_string_equal("x509", grille_identity_kind_name(GRILLE_IDENTITY_X509));
    assert_string_equal("psk", grille_identity_kind_name(GRILLE_IDENTITY_PSK));
    assert_string_equal("anonymous", grille_identity_kind_name(GRILLE_IDENTITY_ANONYMOUS));
    assert_string_equal("unknown", grille_identity_kind_name((grille_identity_kind)5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_and_keys_are_loaded),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(two_keys_in_a_file_are_refused),
        cmocka_unit_test(files_have_a_limit),
        cmocka_unit_test(a_certificate_with_an_rsa_key_is_refused),
        cmocka_unit_test(identities_have_owners),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
