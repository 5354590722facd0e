/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/header.h"

#include "cmocka_all.h"

static bool is_valid(const char *name, const char *value, size_t value_len) {
    const grille_kms_header header = {.name = name, .value = grille_bytes_of(value, value_len)};
    return grille_kms_header_valid(&header);
}

/* Each byte alone as a name, inside a value, at its ends. */
static void every_byte(void **state) {
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const char name[] = {(char)byte, '\0'}, inside[] = {'a', (char)byte, 'b'};
        const bool is_small = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
        const bool is_visible = byte > ' ' && byte < 0x7f;
        assert_int_equal(is_valid(name, "", 0), is_small);
        assert_int_equal(is_valid("a", inside, 3), is_visible || byte == ' ');
        assert_int_equal(is_valid("a", inside, 2), is_visible);
        assert_int_equal(is_valid("a", inside + 1, 2), is_visible);
        assert_int_equal(grille_kms_word_valid(grille_bytes_of(inside, 3)),
                         is_small || byte == '_' || (byte >= 'A' && byte <= 'Z'));
    }
}

static void blanks_and_nothing(void **state) {
    (void)state;
    assert_true(is_valid("x-amz-date", "a b c", 5));
    assert_true(is_valid("x", "", 0));
    assert_false(is_valid("x", "a  b", 4));
    assert_false(is_valid("x", " ", 1));
    assert_false(is_valid("", "a", 1));
    assert_false(is_valid("x-Amz", "a", 1));
    assert_true(grille_kms_word_valid(grille_bytes_of_text("us-east_1A")));
    assert_false(grille_kms_word_valid(grille_bytes_of_text("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte), cmocka_unit_test(blanks_and_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
