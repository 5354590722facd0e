/* SPDX-License-Identifier: Apache-2.0
 * Policy files, without a folder. Whatever is refused has a place; whatever is taken accepts somebody. */
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_policy *policy = NULL;
    grille_error error;
    grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .set = "two"};
    if (grille_policy_parse(grille_bytes_of(data, size), "fuzz", NULL, &policy, &error) != GRILLE_OK) {
        FUZZ_CHECK(policy == NULL && strncmp(error.text, "fuzz", 4) == 0);
        return 0;
    }
    FUZZ_CHECK(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_NITRO) ||
               grille_policy_accepts_kind(policy, GRILLE_IDENTITY_X509));
    (void)grille_policy_may_call(policy, &peer, "/a.v1.B/C");
    (void)grille_policy_serves(policy, &peer, "/a.v1.B/C");
    (void)grille_policy_serves_listed(policy, &peer, "/a.v1.B/C");
    grille_policy_free(policy);
    return 0;
}
