/* SPDX-License-Identifier: Apache-2.0
 * In a file of its own, so that only programs that open an NSM need one linked. */
#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "grille/attest.h"
#include "grille/log.h"
#include "nsm/nsm.h"

enum { SEED_BYTES = 64 };

/* An enclave's kernel starts with little entropy of its own, and what its devices bring comes from the parent. */
static grille_reason add_entropy(grille_nsm *nsm, grille_error *error) {
    uint8_t seed[SEED_BYTES];
    grille_reason reason = nsm->functions->random(nsm, seed, sizeof seed, error);
    if (reason == GRILLE_REASON_OK) reason = grille_crypto_add_entropy(grille_bytes_of(seed, sizeof seed));
    grille_wipe(seed, sizeof seed);
    return reason;
}

/* The enclave has a time of its own before it looks at the first peer's certificates. */
static void learn_time(const grille_identity *identity) {
    int64_t time_ms = 0;
    uint32_t age_ms = 0;
    grille_error error;
    if (grille_attest_time(identity, 0, &time_ms, &age_ms, &error) == GRILLE_OK) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_NSM, "no time from the NSM yet: %s: %s", error.name, error.text);
}

grille_code grille_identity_open_nsm(const char *path, grille_identity **identity, grille_error *error) {
    grille_nsm *nsm = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    grille_code code;
    *identity = NULL;
    grille_error_clear(error);
    reason = grille_nsm_open(path, &nsm, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(grille_error_default(error, reason));
    reason = add_entropy(nsm, error);
    if (reason != GRILLE_REASON_OK) {
        nsm->functions->close(nsm);
        return grille_reason_code(grille_error_default(error, reason));
    }
    code = grille_identity_from_nsm(nsm, identity, error);
    if (code == GRILLE_OK) learn_time(*identity);
    return code;
}
