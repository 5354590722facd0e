/* SPDX-License-Identifier: Apache-2.0
 * Goal: a key file is read strictly, by its owner alone, and an identity made of it keeps to its role. */
#include "attest/psk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/identity_state.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "forge.h"
#include "forge_psk.h"

/* Of a test vector, so secret to nobody. */
#define KEY  "9dbef701b7d9d49a77e2248998645c2caedb4f5cfeaffab0c4a68a7049b64fc2"
#define HEAD "grille-psk 1\n"
#define TOP  HEAD "id: a\nrole: initiator\n"

static grille_psk psk;
static grille_error error;

static grille_reason read_text(grille_bytes text) {
    memset(&psk, 'x', sizeof psk);
    grille_error_clear(&error);
    return grille_psk_read(grille_crypto_wolf(), text, "k", &psk, &error);
}

static void good_files_are_read(void **state) {
    static const char id[] = "parent-7@acme.example/a_b:c";
    char text[400];
    (void)state;
    (void)snprintf(text, sizeof text, HEAD "id: %s\nrole: responder\nkey: " KEY "\n", id);
    assert_int_equal(GRILLE_REASON_OK, read_text(grille_bytes_of_text(text)));
    assert_string_equal(id, psk.id);
    assert_int_equal('R', psk.role);
    assert_int_equal(GRILLE_REASON_OK, read_text(grille_bytes_of_text(TOP "key: " KEY))); /* no last newline */
    assert_int_equal('I', psk.role);
    assert_string_equal("a", psk.id);
}

/* text, place, part of the message */
static const struct bad {
    const char *text, *place, *part;
} bad[] = {
    {"", "k:1:1:", "grille-psk 1"},
    {"\n", "k:1:1:", "grille-psk 1"},
    {"grille-psk 2\n", "k:1:1:", "another version"},
    {"grille-psk 10\n", "k:1:13:", "another version"},
    {"grille-psk 1 \n", "k:1:13:", "another version"},
    {"grille-psk 1\r\nid: a\n", "k:1:13:", "another version"},
    {"# key\ngrille-psk 1\n", "k:1:1:", "no key file"},
    {HEAD, "k:2:1:", "id: NAME"},
    {HEAD "id:a\n", "k:2:1:", "id: NAME"},
    {HEAD "role: initiator\n", "k:2:1:", "id: NAME"},
    {HEAD "id: \n", "k:2:5:", "1 to 255"},
    {HEAD "id: a b\n", "k:2:5:", "without spaces"},
    {HEAD "id: a\t\n", "k:2:5:", "printable"},
    {HEAD "id: \xc3\xa4\n", "k:2:5:", "printable"},
    {HEAD "id: a\nid: b\n", "k:3:1:", "role: initiator"},
    {HEAD "id: a\nrole: both\n", "k:3:7:", "role: responder"},
    {HEAD "id: a\nrole: Initiator\n", "k:3:7:", "role: initiator"},
    {HEAD "id: a\nrole: initiator \n", "k:3:7:", "role: initiator"},
    {HEAD "id: a\nrole: \n", "k:3:7:", "role: initiator"},
    {TOP, "k:4:1:", "64 hex digits"},
    {TOP "key: \n", "k:4:6:", "64 hex digits"},
    {TOP "key: correct horse battery staple\n", "k:4:6:", "A password is refused"},
    {TOP "key: hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2!\n", "k:4:6:", "A password is refused"},
    {TOP "key: " KEY "00\n", "k:4:6:", "32 random bytes"},
    {TOP "key: 9dbef701b7d9d49a77e2248998645c2caedb4f5cfeaffab0c4a68a7049b64f\n", "k:4:6:", "32 random bytes"},
    {TOP "key: 0x9dbef701b7d9d49a77e2248998645c2caedb4f5cfeaffab0c4a68a7049b64f\n", "k:4:6:", "32 random bytes"},
    {TOP "key: " KEY " \n", "k:4:6:", "32 random bytes"},
    /* 64 hex digits that are no key: zeros, a pattern, a password padded, a phrase */
    {TOP "key: 0000000000000000000000000000000000000000000000000000000000000000\n", "k:4:6:", "not random"},
    {TOP "key: 00112233445566778899aabbccddee00112233445566778899aabbccddee0011\n", "k:4:6:", "not random"},
    {TOP "key: 70617373776f7264000000000000000000000000000000000000000000000000\n", "k:4:6:", "not random"},
    {TOP "key: 54686520717569636b2062726f776e20666f78206a756d7073206f7665722031\n", "k:4:6:", "not random"},
    {TOP "key: " KEY "\n\n", "k:5:1:", "end"},
    {TOP "key: " KEY "\nkey: " KEY "\n", "k:5:1:", "one key in four lines"},
};

static void bad_files_are_refused_at_their_place(void **state) {
    static const grille_psk none;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const grille_reason reason = read_text(grille_bytes_of_text(bad[i].text));
        if (reason != GRILLE_REASON_POLICY_PSK || strstr(error.text, bad[i].place) != error.text ||
            strstr(error.text, bad[i].part) == NULL) {
            fail_msg("expected \"%s … %s\", observed %s \"%s\" for:\n%s", bad[i].place, bad[i].part, error.name,
                     error.text, bad[i].text);
        }
        assert_memory_equal(&none, &psk, sizeof psk);
        /* Whatever stood in the key's line may be a secret. */
        assert_null(strstr(error.text, "9dbef7"));
        assert_null(strstr(error.text, "horse"));
        assert_null(strstr(error.text, "hunter2"));
    }
}

static void ids_have_a_limit(void **state) {
    char text[600], id[GRILLE_NAME_MAX + 1];
    (void)state;
    for (size_t len = GRILLE_NAME_MAX - 1; len <= GRILLE_NAME_MAX; len++) {
        memset(id, 'i', len);
        id[len] = '\0';
        (void)snprintf(text, sizeof text, HEAD "id: %s\nrole: initiator\nkey: " KEY "\n", id);
        assert_int_equal(len < GRILLE_NAME_MAX ? GRILLE_REASON_OK : GRILLE_REASON_POLICY_PSK,
                         read_text(grille_bytes_of_text(text)));
    }
}

static void every_prefix_but_the_last_newline_is_refused(void **state) {
    static const char text[] = TOP "key: " KEY "\n";
    (void)state;
    for (size_t cut = 0; cut < sizeof text - 2; cut++)
        assert_int_equal(GRILLE_REASON_POLICY_PSK, read_text(grille_bytes_of(text, cut)));
    assert_int_equal(GRILLE_REASON_OK, read_text(grille_bytes_of(text, sizeof text - 2)));
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char changed[sizeof text];
        memcpy(changed, text, sizeof text);
        changed[at] = '\0';
        assert_int_equal(GRILLE_REASON_POLICY_PSK, read_text(grille_bytes_of(changed, sizeof text - 1)));
    }
}

static size_t folded;

static grille_reason fold(void *user, grille_bytes content) {
    assert_ptr_equal(&folded, user);
    folded += content.len;
    return GRILLE_REASON_OK;
}

static grille_reason load(const char *path) {
    grille_error_clear(&error);
    return grille_psk_load(grille_crypto_wolf(), path, fold, &folded, &psk, &error);
}

static void a_file_is_its_owners_alone(void **state) {
    static const mode_t open_to_others[] = {0640, 0604, 0644, 0620, 0602, 0610, 0601, 0660, 0666, 0777};
    const char *path = forge_psk_file("modes.psk", TOP "key: " KEY "\n");
    char command[600];
    (void)state;
    folded = 0;
    assert_int_equal(GRILLE_REASON_OK, load(path));
    assert_int_equal(sizeof TOP - 1 + sizeof "key: " KEY, folded);
    assert_int_equal(0, chmod(path, 0400));
    assert_int_equal(GRILLE_REASON_OK, load(path));
    (void)snprintf(command, sizeof command, "chmod 600 %s", path);
    for (size_t i = 0; i < sizeof open_to_others / sizeof open_to_others[0]; i++) {
        assert_int_equal(0, chmod(path, open_to_others[i]));
        assert_int_equal(GRILLE_REASON_POLICY_PSK, load(path));
        assert_non_null(strstr(error.text, command));
        assert_int_equal(0, psk.role);
    }
}

static void what_is_no_key_file_is_refused(void **state) {
    static char longer[GRILLE_PSK_FILE_MAX + 2];
    const char *path = forge_psk_file("pipe.psk", "");
    (void)state;
    assert_int_equal(GRILLE_REASON_POLICY_FILE, load("/no/such/file"));
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, mkfifo(path, 0600));
    assert_int_equal(GRILLE_REASON_POLICY_FILE, load(path)); /* without waiting for a writer */
    assert_non_null(strstr(error.text, "no regular file"));
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, mkdir(path, 0700));
    assert_int_equal(GRILLE_REASON_POLICY_FILE, load(path));
    assert_int_equal(0, rmdir(path));
    memset(longer, '\n', sizeof longer - 1);
    assert_int_equal(GRILLE_REASON_POLICY_PSK, load(forge_psk_file("long.psk", longer)));
    assert_non_null(strstr(error.text, "longer than 1024 bytes"));
    longer[GRILLE_PSK_FILE_MAX] = '\0';
    assert_int_equal(GRILLE_REASON_POLICY_PSK, load(forge_psk_file("long.psk", longer)));
    assert_non_null(strstr(error.text, "grille-psk 1"));
}

static void an_identity_is_made_of_a_file(void **state) {
    grille_identity *identity = NULL;
    (void)state;
    assert_int_equal(GRILLE_OK,
                     grille_identity_load_psk(forge_psk_file("good.psk", TOP "key: " KEY "\n"), &identity, &error));
    assert_int_equal(GRILLE_IDENTITY_PSK, grille_identity_get_kind(identity));
    assert_int_equal(GRILLE_REASON_OK, grille_identity_check_role(identity, 'I', &error));
    assert_int_equal(GRILLE_REASON_ATTEST_IDENTITY, grille_identity_check_role(identity, 'R', &error));
    assert_non_null(strstr(error.text, "\"a\" for who opens connections"));
    grille_identity_free(identity);
    assert_int_equal(GRILLE_FAILED_PRECONDITION,
                     grille_identity_load_psk(forge_psk_file("bad.psk", TOP), &identity, &error));
    assert_null(identity);
    assert_string_equal("ATTEST-IDENTITY", error.name);
    assert_non_null(strstr(error.text, "bad.psk:4:1:"));
}

static void an_anonymous_identity_only_opens_connections(void **state) {
    grille_identity *identity = NULL;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&identity, &error));
    assert_int_equal(GRILLE_IDENTITY_ANONYMOUS, grille_identity_get_kind(identity));
    assert_int_equal(GRILLE_REASON_OK, grille_identity_check_role(identity, 'I', &error));
    assert_int_equal(GRILLE_REASON_ATTEST_IDENTITY, grille_identity_check_role(identity, 'R', &error));
    grille_identity_free(identity);
}

static grille_reason failing_expand(grille_hash_kind kind, grille_bytes prk, grille_bytes info, uint8_t *out,
                                    size_t out_len) {
    (void)kind, (void)prk, (void)info, (void)out, (void)out_len;
    return GRILLE_REASON_CRYPTO_FAILED;
}

static void a_failing_derivation_is_reported(void **state) {
    static const grille_psk none;
    grille_crypto crypto = *grille_crypto_wolf();
    (void)state;
    crypto.hkdf_expand = failing_expand;
    assert_int_equal(GRILLE_REASON_CRYPTO_FAILED,
                     grille_psk_read(&crypto, grille_bytes_of_text(TOP "key: " KEY "\n"), "k", &psk, &error));
    assert_memory_equal(&none, &psk, sizeof psk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(bad_files_are_refused_at_their_place),
        cmocka_unit_test(ids_have_a_limit),
        cmocka_unit_test(every_prefix_but_the_last_newline_is_refused),
        cmocka_unit_test(a_file_is_its_owners_alone),
        cmocka_unit_test(what_is_no_key_file_is_refused),
        cmocka_unit_test(an_identity_is_made_of_a_file),
        cmocka_unit_test(an_anonymous_identity_only_opens_connections),
        cmocka_unit_test(a_failing_derivation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
