/* SPDX-License-Identifier: Apache-2.0
 * What an enclave's identity does with its NSM. */
#include <stdlib.h>

#include "attest/evidence.h"
#include "attest/identity_state.h"
#include "base/error.h"
#include "grille/log.h"
#include "nsm/managed.h"

/* On the NSM's thread. What is no sample of the time may be a good document all the same. */
static void learn_time(void *user, const grille_nsm_request *request, grille_bytes document, grille_time_us done_us) {
    grille_error error;
    if (grille_trusted_clock_take(user, request, document, done_us, &error) != GRILLE_REASON_OK) {
        grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_ATTEST, "a document of our own tells no time: %s", error.text);
    }
}

grille_reason grille_identity_take_nsm(grille_identity *identity, grille_nsm *nsm, grille_error *error) {
    grille_trusted_clock *clock = malloc(sizeof *clock);
    grille_reason reason = GRILLE_REASON_OK;
    if (clock == NULL) {
        nsm->functions->close(nsm);
        return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    if (!grille_nsm_is_managed(nsm)) reason = grille_nsm_manage(nsm, NULL, &nsm, error);
    if (reason != GRILLE_REASON_OK) {
        free(clock);
        return reason;
    }
    grille_trusted_clock_init(clock);
    grille_nsm_observe(nsm, learn_time, clock);
    identity->nsm = nsm;
    identity->clock = clock;
    return GRILLE_REASON_OK;
}

void grille_identity_drop_nsm(grille_identity *identity) {
    if (identity->nsm == NULL) return;
    identity->nsm->functions->close(identity->nsm); /* ends the thread, which knows the clock */
    grille_trusted_clock_deinit(identity->clock);
    free(identity->clock);
}

bool grille_identity_wall_ms(const grille_identity *identity, grille_time_us mono_now_us, grille_wall_ms *now_ms) {
    return identity->kind == GRILLE_IDENTITY_NITRO && grille_trusted_clock_read(identity->clock, mono_now_us, now_ms);
}
