/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t handled;

static void application_handler(int number) {
    handled = number;
}

static uint64_t count_of(int fd) {
    uint64_t count = 0;
    return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

static int watch(void) {
    int fd = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(grille_signals_watch(fd, NULL), GRILLE_REASON_OK);
    return fd;
}

static void unwatch(int fd) {
    grille_signals_unwatch(fd);
    close(fd);
}

static void test_signals_reach_every_watcher(void **state) {
    (void)state;
    int first = watch(), second = watch();
    raise(SIGTERM);
    raise(SIGINT);
    assert_int_equal(count_of(first), 2);
    assert_int_equal(count_of(second), 2);
    unwatch(first);
    raise(SIGTERM);
    assert_int_equal(count_of(second), 1);
    unwatch(second);
}

static void test_dispositions_come_back(void **state) {
    struct sigaction own, now;
    (void)state;
    memset(&own, 0, sizeof own);
    own.sa_handler = application_handler;
    sigemptyset(&own.sa_mask);
    assert_int_equal(sigaction(SIGTERM, &own, NULL), 0);
    int first = watch(), second = watch();
    unwatch(first);
    raise(SIGTERM);
    assert_int_equal(handled, 0);
    unwatch(second);
    assert_int_equal(sigaction(SIGTERM, NULL, &now), 0);
    assert_true(now.sa_handler == application_handler);
    assert_int_equal(sigaction(SIGINT, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_DFL);
    raise(SIGTERM);
    assert_int_equal(handled, SIGTERM);
    signal(SIGTERM, SIG_DFL);
}

static void test_places_run_out(void **state) {
    int fds[GRILLE_SIGNALS_MAX_WATCHERS], one_more = eventfd(0, EFD_NONBLOCK);
    (void)state;
    for (int i = 0; i < GRILLE_SIGNALS_MAX_WATCHERS; i++)
        fds[i] = watch();
    assert_int_equal(grille_signals_watch(one_more, NULL), GRILLE_REASON_SYSTEM);
    for (int i = 0; i < GRILLE_SIGNALS_MAX_WATCHERS; i++)
        unwatch(fds[i]);
    assert_int_equal(grille_signals_watch(one_more, NULL), GRILLE_REASON_OK);
    unwatch(one_more);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_reach_every_watcher),
        cmocka_unit_test(test_dispositions_come_back),
        cmocka_unit_test(test_places_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
