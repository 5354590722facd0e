/* SPDX-License-Identifier: Apache-2.0
 * Enclaves of a benchmark in a release build: there are none on a laptop. */
#include "base/error.h"
#include "bench_folder.h"

static bool refuse(grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "this is a release build, which has no simulated NSM: --server-kind and --client-kind nitro "
                           "are for development builds; against a real enclave use --target");
    return false;
}

bool bench_make_nsm(const char *folder, grille_error *error) {
    (void)folder;
    return refuse(error);
}

bool bench_make_measurements(const char *folder, grille_error *error) {
    (void)folder;
    return refuse(error);
}
