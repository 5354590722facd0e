/* SPDX-License-Identifier: Apache-2.0
 * Goal: nobody fills the log: lines over the rate are left out and counted, and the count is told. */
#include "base/log_limit.h"

#include <string.h>

#include "cmocka_all.h"
#include "grille/log.h"

static int lines;
static char last[256];

static void keep(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)user;
    lines++;
    (void)strncpy(last, line, sizeof last - 1);
}

static void test_lines_are_left_out_and_counted(void **state) {
    grille_log_limit limit;
    uint64_t left_out = 0;
    int allowed = 0;
    (void)state;
    lines = 0;
    grille_log_limit_init(&limit, 3, 2, 1000);
    for (int i = 0; i < 100; i++)
        allowed += grille_log_limit_take(&limit, 1000, &left_out);
    assert_int_equal(allowed, 3);
    assert_true(grille_log_limit_take(&limit, 501000, &left_out));
    assert_int_equal(left_out, 97);
    assert_true(grille_log_limit_take(&limit, 1001000, &left_out));
    assert_int_equal(left_out, 0);
    assert_false(grille_log_limit_take(&limit, 1001000, &left_out));
}

static void test_the_count_is_told(void **state) {
    (void)state;
    lines = 0;
    grille_log_left_out(GRILLE_LOG_RPC, "peers", 0);
    assert_int_equal(lines, 0);
    grille_log_left_out(GRILLE_LOG_RPC, "peers", 97);
    assert_int_equal(lines, 1);
    assert_string_equal(last, "peers: 97 lines were left out: there were too many");
}

static void test_a_shared_limit_tells_before_the_next_line(void **state) {
    static grille_log_shared_limit shared = GRILLE_LOG_SHARED_LIMIT(2, 10);
    int allowed = 0;
    (void)state;
    lines = 0;
    for (int i = 0; i < 50; i++)
        allowed += grille_log_shared_take(&shared, GRILLE_LOG_LOOP, "strangers", 1000);
    assert_int_equal(allowed, 2);
    assert_int_equal(lines, 0);
    assert_true(grille_log_shared_take(&shared, GRILLE_LOG_LOOP, "strangers", 101000));
    assert_int_equal(lines, 1);
    assert_string_equal(last, "strangers: 48 lines were left out: there were too many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_left_out_and_counted),
        cmocka_unit_test(test_the_count_is_told),
        cmocka_unit_test(test_a_shared_limit_tells_before_the_next_line),
    };
    grille_log_set(keep, NULL, GRILLE_LOG_DEBUG);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
