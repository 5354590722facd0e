/* SPDX-License-Identifier: Apache-2.0
 * A real end fed with raw bytes of the transport: the first byte chooses the role and how the rest is cut. */
#include "base/bytes.h"
#include "base/reader.h"
#include "fake_evidence.h"
#include "secure_pair.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static secure_side side;
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    const uint8_t choice = grille_read_u8(&reader);
    const size_t chunk = (size_t)(choice >> 1) + 1;
    grille_identity identity = {.kind = GRILLE_IDENTITY_X509};
    grille_policy policy = {.accepted_kinds = 1u << GRILLE_IDENTITY_X509};
    const grille_secure_options options = {.role = (choice & 1) != 0 ? GRILLE_RESPONDER : GRILLE_INITIATOR,
                                           .crypto = grille_crypto_wolf(),
                                           .identity = &identity,
                                           .policy = &policy,
                                           .nonce = {1},
                                           .budget = &side.budget,
                                           .wall_ms = SECURE_PAIR_WALL_MS};
    side = (secure_side){.secure = NULL};
    grille_budget_init(&side.budget, 300000);
    FUZZ_CHECK(grille_secure_new(&options, &side.secure, &side.error) == GRILLE_REASON_OK);
    while (reader.left > 0 && grille_secure_get_state(side.secure) != GRILLE_SECURE_FAILED) {
        const grille_bytes bytes = grille_read_bytes(&reader, chunk < reader.left ? chunk : reader.left);
        if (grille_secure_feed(side.secure, bytes) != GRILLE_REASON_OK) break;
        secure_side_run(&side, 0, SECURE_PAIR_WALL_MS);
    }
    FUZZ_CHECK(grille_secure_get_state(side.secure) != GRILLE_SECURE_OPEN);
    if (grille_secure_get_state(side.secure) == GRILLE_SECURE_FAILED)
        FUZZ_CHECK(grille_secure_failure(side.secure)->text[0] != '\0');
    grille_secure_free(side.secure);
    FUZZ_CHECK(side.budget.used_bytes == 0);
    return 0;
}
