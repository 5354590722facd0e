/* SPDX-License-Identifier: Apache-2.0
 * Monotonic milliseconds since a start. */
#ifndef GRILLE_TESTS_BADPEER_STOPWATCH_H
#define GRILLE_TESTS_BADPEER_STOPWATCH_H

#include <time.h>

typedef struct stopwatch {
    struct timespec start;
} stopwatch;

static inline stopwatch stopwatch_start(void) {
    stopwatch watch;
    (void)clock_gettime(CLOCK_MONOTONIC, &watch.start);
    return watch;
}

static inline unsigned stopwatch_ms(const stopwatch *watch) {
    const stopwatch now = stopwatch_start();
    return (unsigned)((now.start.tv_sec - watch->start.tv_sec) * 1000 +
                      (now.start.tv_nsec - watch->start.tv_nsec) / 1000000);
}

#endif
