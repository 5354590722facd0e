/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static const int watched[] = {SIGTERM, SIGINT};
#define WATCHED (sizeof watched / sizeof watched[0])

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned watchers;
static struct sigaction found[WATCHED];
/* A descriptor plus one, so that 0 means free; read by the handler. */
static atomic_int places[GRILLE_SIGNALS_MAX_WATCHERS];

static void on_signal(int number) {
    static const uint64_t one = 1;
    int saved = errno;
    (void)number;
    for (size_t i = 0; i < GRILLE_SIGNALS_MAX_WATCHERS; i++) {
        int place = atomic_load(&places[i]);
        if (place != 0 && write(place - 1, &one, sizeof one) < 0) continue;
    }
    errno = saved;
}

static void install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &action, &found[i]);
}

static void restore(void) {
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &found[i], NULL);
}

static bool change_place(int from, int to) {
    for (size_t i = 0; i < GRILLE_SIGNALS_MAX_WATCHERS; i++) {
        int expected = from;
        if (atomic_compare_exchange_strong(&places[i], &expected, to)) return true;
    }
    return false;
}

grille_reason grille_signals_watch(int fd, grille_error *error) {
    pthread_mutex_lock(&lock);
    bool placed = change_place(0, fd + 1);
    if (placed && watchers++ == 0) install();
    pthread_mutex_unlock(&lock);
    if (placed) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "%d servers run in this process already; the most is %d",
                            GRILLE_SIGNALS_MAX_WATCHERS, GRILLE_SIGNALS_MAX_WATCHERS);
}

void grille_signals_unwatch(int fd) {
    pthread_mutex_lock(&lock);
    if (change_place(fd + 1, 0) && --watchers == 0) restore();
    pthread_mutex_unlock(&lock);
}
