/* SPDX-License-Identifier: Apache-2.0
 * Claims. What decodes is written again and decodes to the same. */
#include "fuzz_check.h"
#include "wire/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t room[GRILLE_CLAIMS_MAX_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_claims claims;
    grille_claims again;
    if (grille_claims_decode(grille_bytes_of(data, size), &claims) != GRILLE_REASON_OK) return 0;
    grille_claims_write(&writer, &claims);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_claims_decode(grille_written(&writer), &again) == GRILLE_REASON_OK);
    FUZZ_CHECK(again.build == claims.build && grille_bytes_equal(again.policy_digest, claims.policy_digest));
    FUZZ_CHECK(again.logs == claims.logs && again.metrics == claims.metrics && again.reflection == claims.reflection &&
               again.debug == claims.debug);
    return 0;
}
