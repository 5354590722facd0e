/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_match.h"

#include "base/bytes.h"
#include "cmocka_all.h"
#include "policy_tests.h"

static bool like(const char *pattern, const char *text, key_policy_case letters) {
    uint8_t wild[256];
    const size_t len = strlen(pattern);
    assert_true(len <= sizeof wild);
    memcpy(wild, pattern, len);
    key_policy_make_pattern(wild, len);
    return key_policy_match(grille_bytes_of(wild, len), grille_bytes_of_text(text), letters);
}

/* What the matcher must say, told in the plainest way; exponential, for short texts only. */
static bool plainly(const char *pattern, const char *text) {
    if (*pattern == '\0') return *text == '\0';
    if (*pattern == '*') return plainly(pattern + 1, text) || (*text != '\0' && plainly(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) && plainly(pattern + 1, text + 1);
}

static void make_word(size_t number, const char *letters, char *word) {
    const size_t base = strlen(letters);
    size_t len = 0;
    for (; number > 0; number = (number - 1) / base)
        word[len++] = letters[(number - 1) % base];
    word[len] = '\0';
}

static void every_short_pattern_matches_as_its_definition(void **state) {
    size_t matched = 0, tried = 0;
    (void)state;
    for (size_t i = 0; i < 1365; i++) {
        char pattern[8], text[8];
        make_word(i, "ab*?", pattern);
        for (size_t j = 0; j < 127; j++) {
            make_word(j, "ab", text);
            const bool expected = plainly(pattern, text);
            assert_int_equal(expected, like(pattern, text, KEY_POLICY_EXACT));
            matched += expected;
            tried++;
        }
    }
    assert_true(matched > 10000 && matched < tried / 2);
}

static void a_question_mark_is_one_character_not_one_byte(void **state) {
    (void)state;
    assert_true(like("M?nchen", "M\xc3\xbcnchen", KEY_POLICY_EXACT));
    assert_false(like("M??nchen", "M\xc3\xbcnchen", KEY_POLICY_EXACT));
    assert_true(like("?", "\xe2\x82\xac", KEY_POLICY_EXACT));
    assert_true(like("*?", "\xe2\x82\xac", KEY_POLICY_EXACT));
    assert_false(like("*??", "\xe2\x82\xac", KEY_POLICY_EXACT));
}

static void case_is_ignored_where_it_is_asked_for(void **state) {
    (void)state;
    assert_true(like("KMS:de*", "kms:Decrypt", KEY_POLICY_IGNORE_CASE));
    assert_false(like("KMS:de*", "kms:Decrypt", KEY_POLICY_EXACT));
    assert_true(
        key_policy_equal(grille_bytes_of_text("AZaz09"), grille_bytes_of_text("azAZ09"), KEY_POLICY_IGNORE_CASE));
    assert_false(key_policy_equal(grille_bytes_of_text("AZ"), grille_bytes_of_text("az"), KEY_POLICY_EXACT));
    /* Neighbours of the letters, 32 apart. */
    assert_false(key_policy_equal(grille_bytes_of_text("@["), grille_bytes_of_text("`{"), KEY_POLICY_IGNORE_CASE));
    assert_false(key_policy_equal(grille_bytes_of_text("xb"), grille_bytes_of_text("ab"), KEY_POLICY_EXACT));
    assert_false(key_policy_equal(grille_bytes_of_text("a"), grille_bytes_of_text("ab"), KEY_POLICY_IGNORE_CASE));
}

static void a_hostile_pattern_takes_no_time_to_the_power(void **state) {
    char text[201];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(like("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", text, KEY_POLICY_EXACT));
}

int policy_match_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_pattern_matches_as_its_definition),
        cmocka_unit_test(a_question_mark_is_one_character_not_one_byte),
        cmocka_unit_test(case_is_ignored_where_it_is_asked_for),
        cmocka_unit_test(a_hostile_pattern_takes_no_time_to_the_power),
    };
    return cmocka_run_group_tests_name("policy_match", tests, NULL, NULL);
}
