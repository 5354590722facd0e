/* SPDX-License-Identifier: Apache-2.0
 * What several tests of this room need. */
#ifndef GRILLE_TESTS_UNIT_LOOP_SUPPORT_H
#define GRILLE_TESTS_UNIT_LOOP_SUPPORT_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "loop/loop.h"

#include <cmocka.h>

/* A folder with a path short enough for sun_path. */
static inline void make_folder(char folder[32]) {
    (void)strcpy(folder, "/tmp/loop-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

/* "unix-abstract:" and a name that no other process has; getpid() may be the same in each sandbox. */
static inline void make_abstract(char address[64]) {
    uint64_t drawn = 0;
    assert_int_equal(getrandom(&drawn, sizeof drawn, 0), sizeof drawn);
    (void)snprintf(address, 64, "unix-abstract:grille-%016" PRIx64, drawn);
}

static inline void open_loop(grille_loop *loop, uint32_t spin_us) {
    grille_error error;
    if (grille_loop_init(loop, spin_us, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
}

/* Turns until *done or for about ten seconds. */
static inline void turn_until(grille_loop *loop, const bool *done) {
    for (int i = 0; i < 10000 && !*done; i++) {
        grille_loop_turn(loop, false);
        if (!*done) usleep(1000);
    }
    assert_true(*done);
}

#endif
