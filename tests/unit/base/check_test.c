/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "grille/status.h"

static const grille_error none = {.code = GRILLE_OK};
static const grille_error refused = {.code = GRILLE_UNAUTHENTICATED, .name = "ATTEST-X", .text = "it is another"};

/* What a process says and ends with that checks this; 7 when it comes through. */
static int checks(const grille_error *error, char *said, size_t size) {
    int ends[2], status = 0;
    ssize_t len = 0;
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        grille_check(error->code, error);
        _exit(7);
    }
    (void)close(ends[1]);
    len = read(ends[0], said, size - 1);
    assert_true(len >= 0);
    said[len] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void success_is_silent(void **state) {
    char said[256];
    (void)state;
    assert_int_equal(checks(&none, said, sizeof said), 7);
    assert_string_equal(said, "");
}

static void an_error_is_told_and_ends_the_process(void **state) {
    char said[256], expected[256];
    (void)state;
    assert_int_equal(checks(&refused, said, sizeof said), 1);
    (void)snprintf(expected, sizeof expected, "%s: ATTEST-X: it is another\n", program_invocation_short_name);
    assert_string_equal(said, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_silent),
        cmocka_unit_test(an_error_is_told_and_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
