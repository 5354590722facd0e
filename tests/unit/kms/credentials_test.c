/* SPDX-License-Identifier: Apache-2.0
 * Goal: credentials are looked at before they are kept, replaced whole, forgotten when they are over, and nowhere left
 * behind. */
#include "kms/credentials.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "client_tests.h"
#include "cmocka_all.h"

enum { now_ms = 1700000000 };

static grille_credentials_store store;
static grille_error error;

static int setup(void **state) {
    (void)state;
    grille_credentials_init(&store);
    grille_error_clear(&error);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_credentials_deinit(&store);
    return 0;
}

static grille_kms_credentials good(void) {
    return (grille_kms_credentials){
        .access_key_id = grille_bytes_of_text("AKIDEXAMPLE"),
        .secret_access_key = grille_bytes_of_text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .session_token = grille_bytes_of_text("IQoJb3JpZ2luX2Vj//////////wEaCXVzLWVhc3QtMQ=="),
        .expiry_ms = now_ms + 1000};
}

static grille_reason set(const grille_kms_credentials *credentials) {
    return grille_credentials_set(&store, credentials, now_ms, &error);
}

static void expect_bytes(const char *expected, grille_bytes bytes) {
    assert_true(grille_bytes_equal(grille_bytes_of_text(expected), bytes));
}

static void what_was_set_is_copied(void **state) {
    grille_credentials copy;
    char id[] = "AKIDEXAMPLE";
    grille_kms_credentials given = good();
    (void)state;
    assert_false(grille_credentials_copy(&store, now_ms, &copy));
    given.access_key_id = grille_bytes_of_text(id);
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    memset(id, 'x', sizeof id - 1);
    assert_true(grille_credentials_copy(&store, now_ms, &copy));
    expect_bytes("AKIDEXAMPLE", copy.signing.access_key_id);
    expect_bytes("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", copy.signing.secret_access_key);
    expect_bytes("IQoJb3JpZ2luX2Vj//////////wEaCXVzLWVhc3QtMQ==", copy.signing.session_token);
    assert_int_equal(now_ms + 1000, copy.expiry_ms);
    assert_int_equal(1, copy.number);
    grille_credentials_wipe(&copy);
    for (size_t i = 0; i < sizeof copy; i++)
        assert_int_equal(0, ((const uint8_t *)&copy)[i]);
}

static void the_next_set_takes_the_place_of_the_one_before(void **state) {
    grille_credentials copy;
    grille_kms_credentials given = good();
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    given = (grille_kms_credentials){.access_key_id = grille_bytes_of_text("A"),
                                     .secret_access_key = grille_bytes_of_text("s")};
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    assert_true(grille_credentials_copy(&store, INT64_MAX, &copy)); /* these never expire */
    expect_bytes("A", copy.signing.access_key_id);
    expect_bytes("s", copy.signing.secret_access_key);
    assert_int_equal(0, copy.signing.session_token.len);
    assert_int_equal(2, copy.number);
    for (size_t i = 2; i < sizeof store.current.bytes; i++)
        assert_int_equal(0, store.current.bytes[i]);
}

static void expired_ones_are_forgotten(void **state) {
    grille_credentials copy;
    grille_kms_credentials given = good();
    grille_wall_ms expiry_ms = 7;
    uint64_t taken = 7;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    assert_true(grille_credentials_look(&store, &expiry_ms, &taken));
    assert_int_equal(now_ms + 1000, expiry_ms);
    assert_int_equal(1, taken);
    assert_true(grille_credentials_copy(&store, now_ms + 999, &copy));
    assert_true(grille_credentials_copy(&store, 0, &copy)); /* the time is not known */
    assert_false(grille_credentials_copy(&store, now_ms + 1000, &copy));
    assert_false(grille_credentials_look(&store, &expiry_ms, &taken));
    assert_int_equal(0, expiry_ms);
    assert_int_equal(1, taken);
    for (size_t i = 0; i < sizeof store.current.bytes; i++)
        assert_int_equal(0, store.current.bytes[i]);
    given.expiry_ms = now_ms; /* over already */
    assert_int_equal(GRILLE_REASON_KMS_CREDENTIALS, set(&given));
    assert_non_null(strstr(error.text, "expired 0 s before the NSM's time"));
    assert_int_equal(GRILLE_REASON_OK, grille_credentials_set(&store, &given, 0, &error));
}

static void ones_that_the_service_refuses_are_forgotten_once(void **state) {
    grille_credentials copy;
    grille_kms_credentials given = good();
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    grille_credentials_refused(&store, 1); /* others have come since */
    assert_true(grille_credentials_copy(&store, now_ms, &copy));
    grille_credentials_refused(&store, copy.number);
    assert_false(grille_credentials_copy(&store, now_ms, &copy));
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    assert_true(grille_credentials_copy(&store, now_ms, &copy));
    assert_int_equal(3, copy.number);
}

static void expect_refused(const grille_kms_credentials *given, const char *field) {
    grille_credentials copy;
    assert_int_equal(GRILLE_REASON_KMS_CREDENTIALS, set(given));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
    assert_non_null(strstr(error.text, field));
    assert_null(strstr(error.text, "bPxRfiCY"));
    assert_true(grille_credentials_copy(&store, now_ms, &copy)); /* what was there stays */
    assert_int_equal(1, copy.number);
}

/* Whatever could end a line, a header or a text. */
static void bytes_that_no_credentials_have(void **state) {
    static const char *const bad[] = {"", "a b", "a\r\nb", "a\n", "\ta", "a\x7f", "caf\xc3\xa9", " a", "a "};
    grille_kms_credentials given = good();
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        given = good();
        given.access_key_id = grille_bytes_of_text(bad[i]);
        expect_refused(&given, "the access key id");
        given = good();
        given.secret_access_key = grille_bytes_of_text(bad[i]);
        expect_refused(&given, "the secret access key");
        given = good();
        given.session_token = grille_bytes_of_text(bad[i]);
        if (i > 0) expect_refused(&given, "the session token");
    }
    given = good();
    given.access_key_id = grille_bytes_of_text("AKID/20150830"); /* a slash ends the id in a signature's scope */
    expect_refused(&given, "the access key id");
    given = good();
    given.access_key_id = grille_bytes_of((const uint8_t *)"AK\0D", 4);
    expect_refused(&given, "the access key id");
    given = good();
    given.expiry_ms = -1;
    expect_refused(&given, "expiry");
}

static void credentials_have_limits(void **state) {
    static char long_text[GRILLE_LIMIT_KMS_TOKEN_BYTES + 1];
    grille_kms_credentials given = good();
    (void)state;
    memset(long_text, 'x', sizeof long_text);
    const uint8_t *bytes = (const uint8_t *)long_text;
    given.access_key_id = grille_bytes_of(bytes, GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES);
    given.secret_access_key = grille_bytes_of(bytes, GRILLE_LIMIT_KMS_SECRET_BYTES);
    given.session_token = grille_bytes_of(bytes, GRILLE_LIMIT_KMS_TOKEN_BYTES);
    assert_int_equal(GRILLE_REASON_OK, set(&given));
    given.access_key_id.len++;
    expect_refused(&given, "the access key id: observed 129 bytes");
    given.access_key_id.len--;
    given.secret_access_key.len++;
    expect_refused(&given, "the secret access key: observed 129 bytes");
    given.secret_access_key.len--;
    given.session_token.len++;
    expect_refused(&given, "the session token: observed 8193 bytes");
}

int credentials_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_set_is_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_set_takes_the_place_of_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_ones_are_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(ones_that_the_service_refuses_are_forgotten_once, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_no_credentials_have, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_have_limits, setup, teardown),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
