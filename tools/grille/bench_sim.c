/* SPDX-License-Identifier: Apache-2.0
 * Enclaves of a benchmark on a laptop: in development builds only. */
#include <stdio.h>

#include "base/bytes.h"
#include "bench_folder.h"
#include "files.h"
#include "nsm/measure.h"
#include "nsm/simulated.h"

bool bench_make_nsm(const char *folder, grille_error *error) {
    const grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    return grille_sim_init_insecure(folder, &options, error) == GRILLE_REASON_OK;
}

bool bench_make_measurements(const char *folder, grille_error *error) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    char hex0[2 * sizeof pcr0 + 1], hex2[2 * sizeof pcr2 + 1], text[1024];
    if (grille_measure_executable("/proc/self/exe", pcr0, pcr2, error) != GRILLE_REASON_OK) return false;
    grille_hex_encode(grille_bytes_of(pcr0, sizeof pcr0), hex0);
    grille_hex_encode(grille_bytes_of(pcr2, sizeof pcr2), hex2);
    (void)snprintf(text, sizeof text,
                   "{\"Measurements\": {\"HashAlgorithm\": \"Sha384 { ... }\", \"PCR0\": \"%s\", \"PCR1\": \"%s\", "
                   "\"PCR2\": \"%s\"}}\n",
                   hex0, hex0, hex2);
    return file_write_new(folder, "measurements.json", grille_bytes_of_text(text), false, error);
}
