/* SPDX-License-Identifier: Apache-2.0
 * Messages that OpenSSL makes for our key open, whichever way it writes them: its encoder, its OAEP and its CBC are
 * none of ours. */
#include <stdio.h>
#include <stdlib.h>

#include "kms/recipient.h"
#include "tests/unit/crypto/crypto_test.h"
#include "wire/limits.h"

/* A certificate for the key in spki.der, with its SHA-256 as subjectKeyIdentifier, and messages for it. */
static const char script[] =
    "set -e; cd \"$1\"\n"
    "openssl pkey -pubin -inform DER -in spki.der -pubout -out key.pem\n"
    "openssl ecparam -name prime256v1 -genkey -noout -out ca_key.pem\n"
    "openssl req -x509 -new -key ca_key.pem -subj /CN=ca -days 2 -out ca.pem\n"
    "printf 'subjectKeyIdentifier=%s\\n' \"$(openssl dgst -sha256 -r spki.der | cut -d' ' -f1)\" >extensions\n"
    "openssl x509 -new -force_pubkey key.pem -subj /CN=r -CA ca.pem -CAkey ca_key.pem -days 2 -extfile extensions"
    " -out recipient.pem\n"
    "make() {\n"
    "    local out=$1 cipher=$2 hash=$3; shift 3\n"
    "    openssl cms -encrypt -binary \"$cipher\" -in plain -outform DER -out \"$out\" \"$@\" -recip recipient.pem"
    " -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:$hash -keyopt rsa_mgf1_md:$hash\n"
    "}\n"
    "make definite.der -aes256 sha256 -keyid\n"
    "make stream.der -aes256 sha256 -keyid -stream\n"
    "make aes128.der -aes128 sha256 -keyid\n"
    "make sha384.der -aes256 sha384 -keyid\n"
    "make issuer.der -aes256 sha256\n"
    "openssl cms -encrypt -binary -aes256 -in plain -outform DER -out pkcs1.der -keyid recipient.pem\n";

static char folder[] = "/tmp/recipient_XXXXXX";
static uint8_t plain[3000];
static grille_rsa_private_key *key;

static grille_reason fill(void *context, uint8_t *out, size_t len) {
    (void)context;
    return grille_crypto_wolf()->random(out, len);
}

static void write_file(const char *name, const uint8_t *bytes, size_t len) {
    char path[128];
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(len, fwrite(bytes, 1, len, file));
    assert_int_equal(0, fclose(file));
}

static int setup(void **state) {
    const grille_rsa_private *rsa = grille_rsa_private_wolf();
    const grille_rsa_random random = {.fill = fill};
    char command[sizeof script + 128];
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7 + i / 256);
    assert_reason(OK, rsa->generate(random, &key));
    write_file("spki.der", rsa->spki(key).data, rsa->spki(key).len);
    write_file("plain", plain, sizeof plain);
    write_file("make.sh", (const uint8_t *)script, sizeof script - 1);
    (void)snprintf(command, sizeof command, "bash %s/make.sh %s >%s/log 2>&1 || { cat %s/log; exit 1; }", folder,
                   folder, folder, folder);
    assert_int_equal(0, system(command));
    return 0;
}

static int teardown(void **state) {
    char command[128];
    (void)state;
    grille_rsa_private_wolf()->free(key);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static grille_reason open_file(const char *name, uint8_t out[GRILLE_LIMIT_KMS_RECIPIENT_BYTES], size_t *len) {
    uint8_t message[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
    char path[128];
    FILE *file;
    size_t message_len;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    message_len = fread(message, 1, sizeof message, file);
    assert_int_equal(0, fclose(file));
    return grille_recipient_open(grille_rsa_private_wolf(), key, grille_bytes_of(message, message_len), out,
                                 GRILLE_LIMIT_KMS_RECIPIENT_BYTES, len);
}

static void messages_of_the_services_form_open(void **state) {
    static const char *const names[] = {"definite.der", "stream.der"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t found[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
        size_t len = 0;
        assert_reason(OK, open_file(names[i], found, &len));
        assert_int_equal(sizeof plain, len);
        assert_memory_equal(plain, found, len);
    }
}

static void messages_of_other_forms_do_not(void **state) {
    static const char *const names[] = {"aes128.der", "sha384.der", "issuer.der", "pkcs1.der"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t found[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
        size_t len = 0;
        assert_reason(KMS_MESSAGE, open_file(names[i], found, &len));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_the_services_form_open),
        cmocka_unit_test(messages_of_other_forms_do_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
