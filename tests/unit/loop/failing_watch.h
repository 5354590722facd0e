/* SPDX-License-Identifier: Apache-2.0
 * Lets the loop refuse to watch a descriptor. For one file of a program, which is linked with -Wl,--wrap=uv_poll_start.
 */
#ifndef GRILLE_TESTS_FAILING_WATCH_H
#define GRILLE_TESTS_FAILING_WATCH_H

#include <stdatomic.h>
#include <uv.h>

/* So many are refused next; by one thread. */
static atomic_int watches_refused;

int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb done);
int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb done);

/* As when another handle of the loop has the descriptor. */
int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb done) {
    if (atomic_load(&watches_refused) == 0) return __real_uv_poll_start(poll, events, done);
    (void)atomic_fetch_sub(&watches_refused, 1);
    return UV_EEXIST;
}

#endif
