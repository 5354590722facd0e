/* SPDX-License-Identifier: Apache-2.0
 * Policy files, without a folder, and signed updates. Whatever is refused has a place; whatever is taken accepts
 * somebody. An update that can be read is put together again from its parts; its text is read as a policy. */
#include <string.h>

#include "attest/evidence.h"
#include "attest/policy_update.h"
#include "base/bytes.h"
#include "grille/log.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static void try_policy(grille_bytes text) {
    grille_policy *policy = NULL;
    grille_error error;
    grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .set = "two"};
    if (grille_policy_parse(text, "fuzz", NULL, &policy, &error) != GRILLE_OK) {
        FUZZ_CHECK(policy == NULL && strncmp(error.text, "fuzz", 4) == 0);
        return;
    }
    FUZZ_CHECK(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_NITRO) ||
               grille_policy_accepts_kind(policy, GRILLE_IDENTITY_X509) ||
               grille_policy_accepts_kind(policy, GRILLE_IDENTITY_PSK) ||
               grille_policy_accepts_kind(policy, GRILLE_IDENTITY_ANONYMOUS));
    (void)grille_policy_may_call(policy, &peer, "/a.v1.B/C");
    (void)grille_policy_serves(policy, &peer, "/a.v1.B/C");
    (void)grille_policy_serves_listed(policy, &peer, "/a.v1.B/C");
    for (size_t i = 0; i < grille_policy_warning_count(policy); i++)
        FUZZ_CHECK(strncmp(grille_policy_warning(policy, i), "fuzz:", 5) == 0);
    grille_policy_free(policy);
}

static bool try_update(grille_bytes encoded) {
    grille_policy_update_parts parts;
    if (grille_policy_update_decode(encoded, &parts) != GRILLE_REASON_OK) return false;
    FUZZ_CHECK(parts.version > 0 && parts.signature.len == 2 * grille_curve_scalar_len(parts.curve));
    FUZZ_CHECK(parts.is_signed.data == encoded.data && parts.is_signed.len + parts.signature.len == encoded.len);
    FUZZ_CHECK(parts.text.len + GRILLE_POLICY_UPDATE_OVERHEAD == encoded.len + (parts.curve == GRILLE_P256 ? 32 : 0));
    try_policy(parts.text);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_log_set_module(GRILLE_LOG_ATTEST, GRILLE_LOG_ERROR); /* warnings say nothing here */
    if (!try_update(grille_bytes_of(data, size))) try_policy(grille_bytes_of(data, size));
    return 0;
}
