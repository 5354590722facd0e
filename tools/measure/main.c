/* SPDX-License-Identifier: Apache-2.0
 * grille_measure EXECUTABLE: prints the measurements that the simulated NSM attests for an enclave program, in the form
 * of nitro-cli's build-enclave output, for a policy to pin. */
#include <stdio.h>

#include "base/bytes.h"
#include "nsm/measure.h"

int main(int argc, char **argv) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    char hex0[2 * sizeof pcr0 + 1], hex2[2 * sizeof pcr2 + 1];
    grille_error error;
    if (argc != 2) {
        fputs("usage: grille_measure EXECUTABLE > measurements.json\n", stderr);
        return 2;
    }
    if (grille_measure_executable(argv[1], pcr0, pcr2, &error) != GRILLE_REASON_OK) {
        fprintf(stderr, "grille_measure: %s\n", error.text);
        return 1;
    }
    grille_hex_encode(grille_bytes_of(pcr0, sizeof pcr0), hex0);
    grille_hex_encode(grille_bytes_of(pcr2, sizeof pcr2), hex2);
    printf("{\n"
           "  \"Measurements\": {\n"
           "    \"HashAlgorithm\": \"Sha384 { ... }\",\n"
           "    \"PCR0\": \"%s\",\n"
           "    \"PCR1\": \"%s\",\n"
           "    \"PCR2\": \"%s\"\n"
           "  }\n"
           "}\n",
           hex0, hex0, hex2);
    return fflush(stdout) == 0 ? 0 : 1;
}
