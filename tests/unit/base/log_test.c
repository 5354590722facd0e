/* SPDX-License-Identifier: Apache-2.0
 * Log lines reach the sink that is set, one at a time, and a peer's text can't forge a second one. */
#include "grille/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

typedef struct captured {
    int lines;
    grille_log_level level;
    char module[32];
    char text[4096];
} captured;

static void capture(grille_log_level level, const char *module, const char *line, void *user) {
    captured *into = user;
    into->lines++;
    into->level = level;
    (void)snprintf(into->module, sizeof into->module, "%s", module);
    (void)snprintf(into->text, sizeof into->text, "%s", line);
}

static void test_sink_and_level(void **state) {
    captured got = {0};
    (void)state;
    grille_log_set(capture, &got, GRILLE_LOG_INFO);
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_RPC, "%d of %s", 3, "four");
    assert_int_equal(got.lines, 1);
    assert_int_equal(got.level, GRILLE_LOG_INFO);
    assert_string_equal(got.text, "3 of four");
    assert_string_equal(got.module, "rpc");
    grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_RPC, "quiet");
    assert_int_equal(got.lines, 1);
    grille_log_set(NULL, NULL, GRILLE_LOG_DEBUG);
}

static void test_a_module_has_a_level_of_its_own(void **state) {
    captured got = {0};
    (void)state;
    grille_log_set(capture, &got, GRILLE_LOG_WARNING);
    grille_log_set_module(GRILLE_LOG_SECURE, GRILLE_LOG_DEBUG);
    grille_log_set_module(GRILLE_LOG_LOOP, GRILLE_LOG_ERROR);
    assert_true(grille_log_is_on(GRILLE_LOG_DEBUG, GRILLE_LOG_SECURE));
    assert_false(grille_log_is_on(GRILLE_LOG_INFO, GRILLE_LOG_RPC));
    assert_false(grille_log_is_on(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP));
    grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_SECURE, "heard");
    assert_string_equal(got.module, "secure");
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP, "not heard");
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_RPC, "not heard");
    assert_int_equal(got.lines, 1);
    /* Setting the sink sets every module's level again. */
    grille_log_set(capture, &got, GRILLE_LOG_WARNING);
    assert_false(grille_log_is_on(GRILLE_LOG_INFO, GRILLE_LOG_SECURE));
    assert_true(grille_log_is_on(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP));
    grille_log_set(NULL, NULL, GRILLE_LOG_DEBUG);
}

static void test_every_module_has_a_name(void **state) {
    (void)state;
    for (int module = 0; module < GRILLE_LOG_MODULE_COUNT; module++) {
        assert_true(strlen(grille_log_module_name((grille_log_module)module)) > 0);
        for (int other = 0; other < module; other++) {
            assert_string_not_equal(grille_log_module_name((grille_log_module)module),
                                    grille_log_module_name((grille_log_module)other));
        }
    }
    assert_string_equal(grille_log_module_name((grille_log_module)GRILLE_LOG_MODULE_COUNT), "unknown");
    assert_string_equal(grille_log_level_name(GRILLE_LOG_INFO), "info");
    assert_string_equal(grille_log_level_name((grille_log_level)17), "unknown");
    assert_false(grille_log_is_on(GRILLE_LOG_ERROR, (grille_log_module)GRILLE_LOG_MODULE_COUNT));
}

static void test_control_characters_are_replaced(void **state) {
    captured got = {0};
    (void)state;
    grille_log_set(capture, &got, GRILLE_LOG_DEBUG);
    grille_log(GRILLE_LOG_ERROR, GRILLE_LOG_RPC, "%s", "a\nb\rc\x1b[2Jd\x7f\te");
    assert_string_equal(got.text, "a?b?c?[2Jd??e");
    grille_log_set(NULL, NULL, GRILLE_LOG_DEBUG);
}

static void test_long_line_is_cut(void **state) {
    captured got = {0};
    char text[3000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    grille_log_set(capture, &got, GRILLE_LOG_DEBUG);
    grille_log(GRILLE_LOG_ERROR, GRILLE_LOG_RPC, "%s", text);
    assert_int_equal(strlen(got.text), 1023);
    grille_log_set(NULL, NULL, GRILLE_LOG_DEBUG);
}

/* The default sink writes warnings and errors to standard error, and nothing else. */
static void test_default_sink(void **state) {
    char text[256] = {0};
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t len = 0;
    (void)state;
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    grille_log_set(NULL, NULL, GRILLE_LOG_DEBUG);
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_RPC, "not this");
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "one");
    grille_log(GRILLE_LOG_ERROR, GRILLE_LOG_RPC, "two");
    fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    rewind(file);
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(len > 0);
    assert_string_equal(text, "grille: warning: rpc: one\ngrille: error: rpc: two\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sink_and_level),          cmocka_unit_test(test_a_module_has_a_level_of_its_own),
        cmocka_unit_test(test_every_module_has_a_name), cmocka_unit_test(test_control_characters_are_replaced),
        cmocka_unit_test(test_long_line_is_cut),        cmocka_unit_test(test_default_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
