/* SPDX-License-Identifier: Apache-2.0
 * Another policy or identity for a server: kept for what is to come, and brought to every loop. */
#include "base/error.h"
#include "loop/server_private.h"

/* Under lock. */
static grille_reason check(const grille_server *server, const grille_policy *policy, grille_error *error) {
    if (server->state == SERVER_STOPPING || server->state == SERVER_STOPPED) {
        return grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE, "the server was stopped");
    }
    if (policy != NULL && grille_policy_version(policy) < grille_policy_version(server->options.policy)) {
        return grille_error_set(
            error, GRILLE_REASON_POLICY_ROLLBACK,
            "observed a policy of version %llu, expected at least %llu, the one in force. Likely an "
            "old file is replayed: give the new policy a higher `version`",
            (unsigned long long)grille_policy_version(policy),
            (unsigned long long)grille_policy_version(server->options.policy));
    }
    return GRILLE_REASON_OK;
}

/* For loops that are made later, and as what all loops are told; under lock. */
static grille_renewal *keep(grille_server *server, grille_policy *policy, const grille_identity *identity) {
    grille_renewal *told = grille_renewal_new(policy != NULL ? policy : server->options.policy,
                                              identity != NULL ? identity : server->identity);
    if (told == NULL) return NULL;
    told->number = ++server->renewals;
    grille_renewal_keep(told, &server->options.policy, &server->identity);
    server->connection_options.policy = server->options.policy;
    server->connection_options.identity = server->identity;
    return told;
}

static grille_reason tell_loops(grille_server *server, const grille_renewal *renewal) {
    grille_reason reason = GRILLE_REASON_OK;
    for (uint32_t i = 0; i < server->thread_count; i++) {
        const grille_reason told =
            grille_loop_thread_renew(&server->threads[i], renewal->policy, renewal->identity, renewal->number);
        if (told != GRILLE_REASON_OK) reason = told;
    }
    return reason;
}

static grille_code renew(grille_server *server, grille_policy *policy, const grille_identity *identity,
                         grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_renewal *renewal = NULL;
    bool started = false;
    grille_error_clear(error);
    if (policy == NULL && identity == NULL) {
        return grille_reason_code(grille_error_default(error, GRILLE_REASON_BAD_ARGUMENT));
    }
    if (identity != NULL) reason = grille_identity_check_role(identity, 'R', error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    pthread_mutex_lock(&server->lock);
    reason = check(server, policy, error);
    started = reason == GRILLE_REASON_OK && server->state == SERVER_STARTED;
    if (reason == GRILLE_REASON_OK) {
        renewal = keep(server, policy, identity);
        if (renewal == NULL) reason = GRILLE_REASON_OUT_OF_MEMORY;
    }
    if (renewal == NULL) started = false;
    if (started) server->renewing++;
    pthread_mutex_unlock(&server->lock);
    if (started) {
        reason = tell_loops(server, renewal);
        pthread_mutex_lock(&server->lock);
        server->renewing--;
        pthread_cond_broadcast(&server->stopped);
        pthread_mutex_unlock(&server->lock);
    }
    if (renewal != NULL) grille_renewal_free(renewal);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

grille_code grille_server_replace_policy(grille_server *server, grille_policy *policy, grille_error *error) {
    return renew(server, policy, NULL, error);
}

grille_code grille_server_replace_identity(grille_server *server, const grille_identity *identity,
                                           grille_error *error) {
    return renew(server, NULL, identity, error);
}
