/* SPDX-License-Identifier: Apache-2.0
 * Goal: every line of a file is answered or reported by its number, masked, tokenised and totalled right. */
#include "transactions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct result {
    char *text;
    size_t len;
    transactions_summary summary;
} result;

/* The last digits, so that a test can tell tokens apart. */
static bool plain_token(const char *digits, size_t count, uint8_t token[TOKEN_BYTES], void *user) {
    ++*(int *)user;
    memset(token, 0, TOKEN_BYTES);
    memcpy(token, digits + count - 4, 4);
    return true;
}

static bool no_token(const char *digits, size_t count, uint8_t token[TOKEN_BYTES], void *user) {
    (void)digits;
    (void)count;
    (void)token;
    (void)user;
    return false;
}

static result process(const char *text, size_t len) {
    grille_bytes file = {(const uint8_t *)text, len};
    size_t capacity = transactions_result_bytes(file);
    void *memory = calloc(1, transactions_memory_bytes());
    result made = {.text = malloc(capacity + 1)};
    int tokens = 0;
    assert_true(
        transactions_process(file, plain_token, &tokens, memory, made.text, capacity, &made.len, &made.summary));
    made.text[made.len] = 0;
    assert_int_equal(tokens, made.summary.good);
    assert_int_equal(made.summary.lines, made.summary.good + made.summary.bad);
    free(memory);
    return made;
}

static void expect_in(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static void luhn_tells_card_numbers_from_others(void **state) {
    static const char *const good[] = {
        "4111111111111111", "5500005555555559", "378282246310005", "6011111111111117", "0", "18", "4222222222222"};
    static const char *const bad[] = {"4111111111111112", "4111111111111121", "1", "5500005555555558", "19"};
    size_t at = 0;
    (void)state;
    for (at = 0; at < sizeof good / sizeof *good; at++)
        assert_true(luhn_valid(good[at], strlen(good[at])));
    for (at = 0; at < sizeof bad / sizeof *bad; at++)
        assert_false(luhn_valid(bad[at], strlen(bad[at])));
    assert_false(luhn_valid("", 0));
}

static void answers_masks_and_totals(void **state) {
    static const char file[] = "card,merchant,amount\r\n"
                               "4111111111111111,Books & Co,12.34\r\n"
                               "\n"
                               "3782 822463 10005,\"Tea, \"\"Finest\"\"\",5\n"
                               "4111-1111-1111-1111, Books & Co ,-0.5";
    result made = process(file, sizeof file - 1);
    (void)state;
    expect_in(made.text, "2,411111******1111,tok_31313131000000000000000000000000,Books & Co,12.34\n");
    expect_in(made.text, "4,378282*****0005,tok_30303035");
    expect_in(made.text, ",\"Tea, \"\"Finest\"\"\",5.00\n");
    expect_in(made.text, "5,411111******1111,tok_31313131000000000000000000000000,Books & Co,-0.50\n");
    expect_in(made.text, "\nBooks & Co,2,11.84\n");
    expect_in(made.text, "3 lines, 3 answered, 0 bad; line 1 names the columns\n");
    assert_int_equal(made.summary.merchants, 2);
    assert_null(strstr(made.text, "4111111111111111"));
    free(made.text);
}

static void reports_each_bad_line_by_number(void **state) {
    static const struct {
        const char *line;
        const char *why;
    } rows[] = {
        {"4111111111111112,m,1", "fails the Luhn check"},
        {"411111111111,m,1", "fewer than 13 digits"},
        {"41111111111111111111,m,1", "more than 19 digits"},
        {"4111x11111111111,m,1", "no digit"},
        {",m,1", "fewer than 13 digits"},
        {"4111111111111111,m", "fewer than 3 fields"},
        {"4111111111111111,m,1,2", "more than 3 fields"},
        {"4111111111111111,,1", "merchant is empty"},
        {"4111111111111111,\x01,1", "control character"},
        {"4111111111111111,mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm,1", "longer than 64"},
        {"4111111111111111,m,", "no decimal number"},
        {"4111111111111111,m,1.", "no decimal number"},
        {"4111111111111111,m,1.234", "no decimal number"},
        {"4111111111111111,m,1,5", "more than 3 fields"},
        {"4111111111111111,m,1e5", "no decimal number"},
        {"4111111111111111,m,-", "no decimal number"},
        {"4111111111111111,m,1000000000", "too large"},
        {"4111111111111111,m,99999999999999999999999", "too large"},
        {"4111111111111111,\"m,1", "quote is not closed"},
    };
    size_t at = 0;
    (void)state;
    for (at = 0; at < sizeof rows / sizeof *rows; at++) {
        char file[512];
        char expected[160];
        int len = snprintf(file, sizeof file, "4111111111111111,ok,1\n%s\n4111111111111111,ok,2\n", rows[at].line);
        result made = process(file, (size_t)len);
        (void)snprintf(expected, sizeof expected, "line 2: %s", "");
        expect_in(made.text, expected);
        expect_in(strstr(made.text, expected), rows[at].why);
        assert_int_equal(made.summary.bad, 1);
        expect_in(made.text, "\nok,2,3.00\n");
        free(made.text);
    }
}

static void reports_zero_bytes_and_lines_that_are_too_long(void **state) {
    static char file[LINE_MAX_BYTES * 2];
    result made = {0};
    (void)state;
    memset(file, '4', sizeof file);
    memcpy(file + LINE_MAX_BYTES + 1, "\n41\0,m,1\n", 9);
    made = process(file, LINE_MAX_BYTES + 10);
    expect_in(made.text, "line 1: the line is longer than 1,024 bytes\n");
    expect_in(made.text, "line 2: the line holds a zero byte\n");
    assert_int_equal(made.summary.bad, 2);
    free(made.text);
}

static void reports_merchants_one_over_the_limit(void **state) {
    size_t capacity = (size_t)(MERCHANTS_MAX + 2) * 32;
    char *file = malloc(capacity);
    size_t len = 0;
    int at = 0;
    result made = {0};
    (void)state;
    for (at = 0; at <= MERCHANTS_MAX; at++) {
        len += (size_t)snprintf(file + len, capacity - len, "4111111111111111,m%d,1\n", at);
    }
    len += (size_t)snprintf(file + len, capacity - len, "4111111111111111,m0,1\n");
    made = process(file, len);
    expect_in(made.text, "line 4097: there are more than 4,096 merchants\n");
    assert_int_equal(made.summary.bad, 1);
    assert_int_equal(made.summary.good, MERCHANTS_MAX + 1);
    free(made.text);
    free(file);
}

/* Any file of any bytes fits the promised room. */
static void the_promised_room_is_enough(void **state) {
    static char file[4096];
    unsigned seed = 1;
    int round = 0;
    (void)state;
    for (round = 0; round < 200; round++) {
        static const char alphabet[] = "4111111111111111,m,1\n\n\n\",x.- 9";
        size_t len = 0;
        for (len = 0; len < sizeof file; len++) {
            seed = seed * 1103515245u + 12345u;
            file[len] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        free(process(file, sizeof file).text);
    }
    for (round = 0; round < 2048; round++)
        memcpy(file + (size_t)round * 2, "1\n", 2);
    free(process(file, sizeof file).text);
}

static void fails_whole_without_room_or_tokens(void **state) {
    static const char text[] = "4111111111111111,m,1\n";
    grille_bytes file = {(const uint8_t *)text, sizeof text - 1};
    void *memory = calloc(1, transactions_memory_bytes());
    transactions_summary summary;
    char out[512];
    size_t len = 0;
    int tokens = 0;
    (void)state;
    assert_false(transactions_process(file, plain_token, &tokens, memory, out, 40, &len, &summary));
    memset(memory, 0, transactions_memory_bytes());
    assert_false(transactions_process(file, no_token, NULL, memory, out, sizeof out, &len, &summary));
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(luhn_tells_card_numbers_from_others),
        cmocka_unit_test(answers_masks_and_totals),
        cmocka_unit_test(reports_each_bad_line_by_number),
        cmocka_unit_test(reports_zero_bytes_and_lines_that_are_too_long),
        cmocka_unit_test(reports_merchants_one_over_the_limit),
        cmocka_unit_test(the_promised_room_is_enough),
        cmocka_unit_test(fails_whole_without_room_or_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
