/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/principal.h"

#include "cmocka_all.h"
#include "front_tests.h"

static void users_and_sessions_of_roles_are_callers(void **state) {
    static const char *const good[] = {
        "arn:aws:iam::111122223333:user/developer",
        "arn:aws:iam::111122223333:user/team/x/developer@example.com",
        "arn:aws:sts::111122223333:assumed-role/Parent/i-0123456789abcdef0",
        "arn:aws:sts::111122223333:assumed-role/Parent+=,.@_-/a",
    };
    static const char *const bad[] = {
        "",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/Parent",
        "arn:aws:iam::11112222333:user/x",
        "arn:aws:iam::1111222233334:user/x",
        "arn:aws:iam::11112222333a:user/x",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user/x/",
        "arn:aws:iam::111122223333:user//x",
        "arn:aws:iam::111122223333:user/a b",
        "arn:aws:iam::111122223333:user/\xc3\xa4",
        "arn:aws:sts::111122223333:assumed-role/Parent",
        "arn:aws:sts::111122223333:assumed-role/Parent/",
        "arn:aws:sts::111122223333:assumed-role//x",
        "arn:aws:sts::111122223333:assumed-role/Parent/x/y",
        "arn:aws:sts::111122223333:user/x",
        "arn:aws-cn:iam::111122223333:user/x",
    };
    char account[KMS_ACCOUNT_BYTES] = "";
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!kms_principal_read(good[i], account)) fail_msg("\"%s\" is refused", good[i]);
        assert_string_equal("111122223333", account);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (kms_principal_read(bad[i], account)) fail_msg("\"%s\" is taken", bad[i]);
    assert_true(kms_principal_is_session(good[2]));
    assert_false(kms_principal_is_session(good[0]));
}

static void a_role_becomes_its_session(void **state) {
    char principal[128], small[40];
    (void)state;
    assert_true(kms_principal_of("arn:aws:iam::111122223333:role/path/Parent", "here", principal, sizeof principal));
    assert_string_equal("arn:aws:sts::111122223333:assumed-role/Parent/here", principal);
    assert_true(kms_principal_of("arn:aws:iam::111122223333:role/Parent", "here", principal, sizeof principal));
    assert_string_equal("arn:aws:sts::111122223333:assumed-role/Parent/here", principal);
    assert_true(kms_principal_of("arn:aws:iam::111122223333:user/x", "here", principal, sizeof principal));
    assert_string_equal("arn:aws:iam::111122223333:user/x", principal);
    assert_false(kms_principal_of("arn:aws:iam::111122223333:role/Parent", "here", small, sizeof small));
    assert_false(kms_principal_of("arn:aws:iam::111122223333:user/and-a-long-name", "here", small, sizeof small));
}

static void names_are_fit_for_files(void **state) {
    static const char *const bad[] = {"", ".", "..", "-x", ".x", "a/b", "a b", "a'b", "\xc3\xa4"};
    (void)state;
    assert_true(kms_caller_name_valid("developer"));
    assert_true(kms_caller_name_valid("Role-2_x.y"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(kms_caller_name_valid(bad[i]));
}

int principal_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_and_sessions_of_roles_are_callers),
        cmocka_unit_test(a_role_becomes_its_session),
        cmocka_unit_test(names_are_fit_for_files),
    };
    return cmocka_run_group_tests_name("principal", tests, NULL, NULL);
}
