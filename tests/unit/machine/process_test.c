/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "machine_tests.h"
#include "support.h"

#define REST "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"

static void fields_are_counted_from_the_names_end(void **state) {
    machine_process process = {.pid = 0};
    (void)state;
    assert_true(machine_process_read(grille_bytes_of_text("42 (sh) S " REST " 777 0 0\n"), &process));
    assert_int_equal(42, process.pid);
    assert_int_equal(777, process.start_ticks);
    assert_true(machine_process_read(grille_bytes_of_text("43 (a) S 1 2) (x) R " REST " 778 0"), &process));
    assert_int_equal(43, process.pid);
    assert_int_equal(778, process.start_ticks);
}

static void what_has_ended_or_is_malformed_is_none(void **state) {
    static const char *const texts[] = {"",
                                        "42",
                                        "42 (sh",
                                        "42 (sh)",
                                        "42 (sh) S",
                                        "42 (sh) S 1 2 3",
                                        "x (sh) S " REST " 777 0",
                                        "0 (sh) S " REST " 777 0",
                                        "-1 (sh) S " REST " 777 0",
                                        "42 (sh)S " REST " 777 0",
                                        "42 (sh) S " REST " x 0",
                                        "42 (sh) S " REST,
                                        "42 (sh) Z " REST " 777 0",
                                        "42 (sh) X " REST " 777 0"};
    static const char zero[] = "42 (\0) S " REST " 777 0";
    char much[2048];
    machine_process process = {.pid = 7};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(machine_process_read(grille_bytes_of_text(texts[i]), &process));
    memset(much, 'x', sizeof much);
    assert_false(machine_process_read(grille_bytes_of((const uint8_t *)much, sizeof much), &process));
    assert_false(machine_process_read(grille_bytes_of((const uint8_t *)zero, sizeof zero - 1), &process));
    assert_int_equal(7, process.pid);
}

static void a_process_is_not_another_one_of_its_number(void **state) {
    machine_process own = {.pid = 0}, other;
    struct pollfd end = {.events = POLLIN};
    pid_t child = 0;
    (void)state;
    assert_true(machine_process_of(getpid(), &own));
    assert_int_equal(getpid(), own.pid);
    assert_true(machine_process_lives(&own));
    other = own;
    other.start_ticks++;
    assert_false(machine_process_lives(&other));
    assert_false(machine_process_lives(&(machine_process){.pid = 0}));
    assert_false(machine_process_lives(&(machine_process){.pid = -1}));
    child = fork();
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    assert_true(child > 0 && machine_process_of(child, &other));
    end.fd = machine_process_open(&other);
    assert_true(end.fd >= 0);
    assert_int_equal(0, poll(&end, 1, 0));
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(1, poll(&end, 1, -1));
    /* Not taken in, and ended all the same. */
    assert_false(machine_process_lives(&other));
    assert_int_equal(child, waitpid(child, NULL, 0));
    assert_false(machine_process_lives(&other));
    (void)close(end.fd);
}

int process_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_counted_from_the_names_end),
        cmocka_unit_test(what_has_ended_or_is_malformed_is_none),
        cmocka_unit_test(a_process_is_not_another_one_of_its_number),
    };
    return cmocka_run_group_tests_name("machine/process", tests, NULL, NULL);
}
