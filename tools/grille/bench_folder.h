/* SPDX-License-Identifier: Apache-2.0
 * The folder that a benchmark's processes share: identities, policies, sockets. It goes when the run does. */
#ifndef GRILLE_TOOLS_BENCH_FOLDER_H
#define GRILLE_TOOLS_BENCH_FOLDER_H

#include <stdbool.h>

#include "bench/driver/plan.h"
#include "grille/status.h"

typedef struct bench_folder {
    char path[128]; /* empty: none */
} bench_folder;

/* Makes an empty folder, 0700, below TMPDIR or /tmp. */
GRILLE_MUST_USE bool bench_folder_make(bench_folder *folder, grille_error *error);

/* Makes what each side of the plan's pairs of kinds proves, and whom it trusts: FOLDER/SERVER-CLIENT/. */
GRILLE_MUST_USE bool bench_folder_fill(const bench_folder *folder, const bench_plan *plan, grille_error *error);

/* Makes FOLDER/target/ for one side ("server", "client") with what the user has: `identity` is PREFIX of PREFIX.pem and
 * PREFIX.key, a file with a pre-shared key, /dev/nsm or the folder of a simulated NSM. */
GRILLE_MUST_USE bool bench_folder_link(const bench_folder *folder, const char *side, const char *identity,
                                       const char *policy, grille_error *error);

/* Takes it away, with all that is in it. */
void bench_folder_remove(bench_folder *folder);

/* A simulated NSM; false in release builds, which have none. */
GRILLE_MUST_USE bool bench_make_nsm(const char *folder, grille_error *error);
/* PCRs of this program's file, as nitro-cli prints them. */
GRILLE_MUST_USE bool bench_make_measurements(const char *folder, grille_error *error);

#endif
