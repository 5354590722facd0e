/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/key_service.h"

#include "attest/identity_state.h"
#include "base/bytes.h"
#include "base/error.h"
#include "nsm/managed.h"

grille_reason grille_key_service_document(const grille_identity *identity, grille_bytes public_key, uint8_t *document,
                                          size_t capacity, size_t *len, grille_error *error) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text(GRILLE_ATTEST_KEY_SERVICE_PREFIX),
                                        .public_key = public_key};
    *len = 0;
    if (identity->kind != GRILLE_IDENTITY_NITRO) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_IDENTITY,
            "observed an identity of kind %s, expected nitro, one of grille_identity_open_nsm: others "
            "have no documents",
            grille_identity_kind_name(identity->kind));
    }
    return identity->nsm->functions->attest(identity->nsm, &request, document, capacity, len, error);
}

bool grille_key_service_time(const grille_identity *identity, grille_wall_ms *now_ms) {
    return identity->kind == GRILLE_IDENTITY_NITRO &&
           grille_trusted_clock_read(identity->clock, grille_nsm_now_us(identity->nsm), now_ms);
}
