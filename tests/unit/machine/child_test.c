/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/child.h"

#include <poll.h>

#include "machine_tests.h"
#include "support.h"

static void arguments_of(machine_arguments *arguments, const char *script) {
    *arguments = (machine_arguments){.count = 3};
    arguments->argument[0] = (char *)(uintptr_t) "/bin/sh";
    arguments->argument[1] = (char *)(uintptr_t) "-c";
    arguments->argument[2] = (char *)(uintptr_t)script;
}

/* All that comes until every writer has gone. */
static void read_all(int from, char *text, size_t capacity) {
    size_t len = 0;
    ssize_t got = 0;
    while ((got = read(from, &text[len], capacity - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
}

static void it_has_its_own_ends_and_no_signals_blocked(void **state) {
    static machine_arguments arguments;
    machine_child child = {.what = "it"};
    grille_error error = {.code = GRILLE_OK};
    int out[2], err[2];
    char text[256], how[64];
    (void)state;
    assert_int_equal(0, pipe2(out, O_CLOEXEC));
    assert_int_equal(0, pipe2(err, O_CLOEXEC));
    arguments_of(&arguments, "cat; echo out; echo err >&2; grep SigBlk /proc/self/status; exit 3");
    assert_true(machine_child_start(&child, &arguments, out[1], err[1], &error));
    (void)close(out[1]);
    (void)close(err[1]);
    read_all(out[0], text, sizeof text);
    assert_string_equal("out\nSigBlk:\t0000000000000000\n", text);
    read_all(err[0], text, sizeof text);
    assert_string_equal("err\n", text);
    while (!child.ended)
        machine_child_look(&child);
    machine_child_tell(&child, how, sizeof how);
    assert_string_equal("ended with status 3", how);
    machine_child_end(&child); /* nothing to do */
    (void)close(out[0]);
    (void)close(err[0]);
}

static void it_ends_when_it_is_told(void **state) {
    static machine_arguments arguments;
    machine_child child = {.what = "it"};
    grille_error error = {.code = GRILLE_OK};
    char how[64];
    (void)state;
    arguments_of(&arguments, "exec sleep 1000");
    assert_true(machine_child_start(&child, &arguments, 2, 2, &error));
    machine_child_look(&child);
    assert_false(child.ended);
    machine_child_end(&child);
    assert_true(child.ended);
    machine_child_tell(&child, how, sizeof how);
    assert_string_equal("was killed by signal 9", how);
}

static void what_cannot_be_run_says_so(void **state) {
    static machine_arguments arguments;
    machine_child child = {.what = "it"};
    grille_error error = {.code = GRILLE_OK};
    int err[2];
    char text[256];
    (void)state;
    assert_int_equal(0, pipe2(err, O_CLOEXEC));
    arguments_of(&arguments, "");
    arguments.argument[0] = (char *)(uintptr_t) "/nowhere";
    assert_true(machine_child_start(&child, &arguments, 2, err[1], &error));
    (void)close(err[1]);
    read_all(err[0], text, sizeof text);
    assert_string_equal("can't run /nowhere: No such file or directory\n", text);
    while (!child.ended)
        machine_child_look(&child);
    (void)close(err[0]);
    arguments.full = true;
    assert_false(machine_child_start(&child, &arguments, 2, 2, &error));
    assert_non_null(strstr(error.text, "its command line is too long"));
}

int child_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_its_own_ends_and_no_signals_blocked),
        cmocka_unit_test(it_ends_when_it_is_told),
        cmocka_unit_test(what_cannot_be_run_says_so),
    };
    return cmocka_run_group_tests_name("machine/child", tests, NULL, NULL);
}
