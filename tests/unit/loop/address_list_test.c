/* SPDX-License-Identifier: Apache-2.0
 * One address or several: each is read as strictly as one alone, and there are never none or too many. */
#include "loop/address_list.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/loop/support.h"

static void test_one(void **state) {
    grille_address_list list;
    grille_error error;
    (void)state;
    assert_int_equal(grille_address_list_parse("unix:/run/a.sock", &list, &error), GRILLE_REASON_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.addresses[0].kind, GRILLE_ADDRESS_UNIX);
    assert_memory_equal(list.addresses[0].path, "/run/a.sock", 11);
    grille_address_list_free(&list);
    assert_int_equal(list.count, 0);
    grille_address_list_free(&list);
}

static void test_several(void **state) {
    grille_address_list list;
    grille_error error;
    (void)state;
    assert_int_equal(grille_address_list_parse("vsock:16:5000,vsock:17:5000,tcp:[::1]:80,fd:3", &list, &error),
                     GRILLE_REASON_OK);
    assert_int_equal(list.count, 4);
    assert_int_equal(list.addresses[0].cid, 16);
    assert_int_equal(list.addresses[1].cid, 17);
    assert_int_equal(list.addresses[2].kind, GRILLE_ADDRESS_TCP);
    assert_int_equal(list.addresses[3].fd, 3);
    grille_address_list_free(&list);
}

static void test_each_must_be_right(void **state) {
    static const char *const texts[] = {"",
                                        ",",
                                        "unix:/a,",
                                        ",unix:/a",
                                        "unix:/a,,unix:/b",
                                        "unix:/a, unix:/b",
                                        "unix:/a,b",
                                        "vsock:1:2;vsock:1:3",
                                        "vsock:1:2,vsock:1:99999999999"};
    grille_address_list list;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(grille_address_list_parse(texts[i], &list, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
        grille_address_list_free(&list);
    }
    assert_int_equal(grille_address_list_parse(NULL, &list, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
    grille_address_list_free(&list);
}

static void test_not_too_many(void **state) {
    static char text[(GRILLE_LIMIT_TARGETS + 1) * 16] = "unix:/a";
    grille_address_list list;
    grille_error error;
    (void)state;
    for (int i = 1; i < GRILLE_LIMIT_TARGETS; i++)
        (void)strcat(text, ",unix:/a");
    assert_int_equal(grille_address_list_parse(text, &list, &error), GRILLE_REASON_OK);
    assert_int_equal(list.count, GRILLE_LIMIT_TARGETS);
    grille_address_list_free(&list);
    (void)strcat(text, ",unix:/a");
    assert_int_equal(grille_address_list_parse(text, &list, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
    assert_string_equal(error.text, "1025 addresses, expected 1024 at most");
    assert_null(list.addresses);
}

/* The whole of what is too long is not copied. */
static void test_long_pieces(void **state) {
    char text[2048];
    grille_address_list list;
    grille_error error;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "unix:", 5);
    text[sizeof text - 1] = '\0';
    assert_int_equal(grille_address_list_parse(text, &list, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
    grille_address_list_free(&list);
    text[600] = ',';
    assert_int_equal(grille_address_list_parse(text, &list, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
    grille_address_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_each_must_be_right),
        cmocka_unit_test(test_not_too_many),
        cmocka_unit_test(test_long_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
