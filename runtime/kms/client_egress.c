/* SPDX-License-Identifier: Apache-2.0
 * The way out by a reverse call to the parent. Only a program that sets an egress channel links this. */
#include "base/error.h"
#include "kms/client_private.h"
#include "kms/egress_client.h"

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    kms_attempt *attempt = user;
    if (!grille_conduit_is_open(conduit)) attempt->egress = NULL;
    grille_kms_attempt_dialed(attempt, conduit, error);
}

static grille_reason start(kms_attempt *attempt, uint32_t timeout_ms, grille_error *error) {
    grille_egress *egress = NULL;
    const kms_config *config = &attempt->kms->config;
    const grille_reason reason = grille_egress_open(&attempt->kms->loop, attempt->channel, config->host,
                                                    config->options.port, timeout_ms, on_dialed, attempt, &egress);
    if (reason == GRILLE_REASON_OK) attempt->egress = egress;
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

static void end(kms_attempt *attempt) {
    grille_egress_close(attempt->egress);
    attempt->egress = NULL;
}

static const grille_error *why(const kms_attempt *attempt) {
    const grille_error *error = attempt->egress != NULL ? grille_egress_error(attempt->egress) : NULL;
    return error != NULL && error->code != GRILLE_OK ? error : NULL;
}

static const kms_way by_channel = {start, end, end, why};

grille_code grille_kms_set_egress_channel(grille_kms *kms, grille_channel *channel, grille_error *error) {
    grille_channel *before = NULL;
    grille_error_clear(error);
    if (kms->config.has_address) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE,
                             "this client goes out by the address of its option `egress`, expected "
                             "one that was opened without"));
    }
    (void)pthread_mutex_lock(&kms->lock);
    before = kms->egress;
    kms->egress = channel != NULL ? grille_channel_ref(channel) : NULL;
    kms->way = channel != NULL ? &by_channel : NULL;
    (void)pthread_mutex_unlock(&kms->lock);
    grille_channel_close(before);
    grille_loop_post(&kms->loop, &kms->poke);
    return GRILLE_OK;
}
