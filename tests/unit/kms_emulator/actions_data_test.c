/* SPDX-License-Identifier: Apache-2.0
 * Actions that encrypt and decrypt. */
#include <stdio.h>
#include <string.h>

#include "core_tests.h"
#include "kms_emulator/blob.h"
#include "service.h"

/* "plain" */
#define PLAIN "cGxhaW4="

static const char *encrypted(const char *id, const char *more) {
    static char texts[4][8400];
    static unsigned next;
    char *text = texts[next++ % 4];
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"%s}", id, more);
    assert_done();
    (void)snprintf(text, sizeof texts[0], "%s", answer_text("CiphertextBlob"));
    return text;
}

static void test_what_is_encrypted_is_decrypted(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, "");
    char arn[KMS_KEY_ARN_BYTES];
    (void)state;
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", id);
    assert_string_equal(arn, answer_text("KeyId"));
    assert_string_equal("SYMMETRIC_DEFAULT", answer_text("EncryptionAlgorithm"));
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
    assert_done();
    assert_string_equal(PLAIN, answer_text("Plaintext"));
    assert_string_equal(arn, answer_text("KeyId"));
    assert_string_equal("SYMMETRIC_DEFAULT", answer_text("EncryptionAlgorithm"));
}

int actions_data_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_encrypted_is_decrypted, service_setup, service_teardown),
    };
    return cmocka_run_group_tests_name("actions_data", tests, service_group_setup, service_group_teardown);
}
