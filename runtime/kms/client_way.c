/* SPDX-License-Identifier: Apache-2.0
 * The way out by an address of the parent's. */
#include "kms/client_private.h"

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    kms_attempt *attempt = user;
    attempt->dialer = NULL;
    grille_kms_attempt_dialed(attempt, conduit, error);
}

static grille_reason start(kms_attempt *attempt, uint32_t timeout_ms, grille_error *error) {
    (void)error;
    return grille_dialer_start(&attempt->kms->loop, &attempt->kms->config.address, timeout_ms, on_dialed, attempt,
                               &attempt->dialer);
}

static void cancel(kms_attempt *attempt) {
    grille_dialer_cancel(attempt->dialer);
    attempt->dialer = NULL;
}

static void end(kms_attempt *attempt) {
    (void)attempt;
}

static const grille_error *why(const kms_attempt *attempt) {
    (void)attempt;
    return NULL;
}

const kms_way grille_kms_way_by_address = {start, cancel, end, why};
