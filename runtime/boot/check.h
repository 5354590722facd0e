/* SPDX-License-Identifier: Apache-2.0
 * One check each. They are called in the order in which they stand here. */
#ifndef GRILLE_BOOT_CHECK_H
#define GRILLE_BOOT_CHECK_H

#include <stdio.h>

#include "boot/ground.h"
#include "grille/boot.h"

/* One run of the guard. */
typedef struct grille_boot_run {
    const grille_boot_ground *ground;
    const grille_boot_options *options;
    grille_nsm *nsm; /* opened by grille_boot_check_nsm, closed by who runs them; NULL: there is none to ask */
} grille_boot_run;

/* *said: why it failed, or with code OK and no name what was seen. */
typedef grille_boot_outcome grille_boot_check_fn(grille_boot_run *run, grille_error *said);

grille_boot_check_fn grille_boot_check_nsm, grille_boot_check_randomness, grille_boot_check_clock,
    grille_boot_check_vsock;

/* What was seen, for *said; the answer is `outcome`. */
grille_boot_outcome grille_boot_say(grille_error *said, grille_boot_outcome outcome, const char *format, ...)
    GRILLE_PRINTF(3, 4);

/* Why the NSM can't be asked, for texts. */
const char *grille_boot_without_nsm(const grille_boot_run *run);

/* All of them, on this ground: grille_boot_check without its defaults. */
GRILLE_MUST_USE grille_code grille_boot_check_on(const grille_boot_ground *ground, const grille_boot_options *options,
                                                 grille_error *error);

/* What grille_boot_main_with does on this ground, but for ending the process: the status to end it with, or
 * GRILLE_BOOT_GO_ON. Lines go to the two files. */
enum { GRILLE_BOOT_GO_ON = -1 };
GRILLE_MUST_USE int grille_boot_main_on(const grille_boot_ground *ground, const grille_boot_options *options, int *argc,
                                        char **argv, FILE *out, FILE *err);

#endif
