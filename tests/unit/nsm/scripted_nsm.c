/* SPDX-License-Identifier: Apache-2.0 */
#include "scripted_nsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/writer.h"

static scripted_nsm *of(grille_nsm *nsm) {
    return (scripted_nsm *)(void *)nsm;
}

/* Through the gate; answers what the script says. */
static grille_reason pass(scripted_nsm *scripted, char letter, grille_error *error) {
    grille_reason reason;
    pthread_mutex_lock(&scripted->lock);
    if (scripted->active++ != 0) abort(); /* two at once */
    if (scripted->entered < SCRIPTED_LOG_MAX - 1) scripted->log[scripted->entered] = letter;
    scripted->entered++;
    pthread_cond_broadcast(&scripted->changed);
    while (scripted->gated && scripted->permits == 0)
        pthread_cond_wait(&scripted->changed, &scripted->lock);
    if (scripted->gated) scripted->permits--;
    scripted->active--;
    scripted->finished++;
    reason = scripted->fails_with;
    pthread_cond_broadcast(&scripted->changed);
    pthread_mutex_unlock(&scripted->lock);
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(error, reason, "scripted: %c", letter);
}

/* The document is the fields, one after the other. */
static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    grille_writer writer = grille_writer_into(document, capacity);
    grille_reason reason = pass(of(nsm), request->user_data.len > 0 ? (char)request->user_data.data[0] : '?', error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (of(nsm)->inner != NULL) {
        return of(nsm)->inner->functions->attest(of(nsm)->inner, request, document, capacity, len, error);
    }
    grille_write_bytes(&writer, request->user_data);
    grille_write_bytes(&writer, request->nonce);
    grille_write_bytes(&writer, request->public_key);
    *len = grille_written(&writer).len;
    return grille_writer_end(&writer);
}

static grille_reason get_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    grille_reason reason = pass(of(nsm), 'R', error);
    if (reason == GRILLE_REASON_OK) memset(out, 'r', len);
    return reason;
}

static grille_reason describe(grille_nsm *nsm, grille_nsm_description *description, grille_error *error) {
    grille_reason reason = pass(of(nsm), 'D', error);
    if (reason == GRILLE_REASON_OK) *description = (grille_nsm_description){.module_id = "i-scripted"};
    return reason;
}

static grille_reason describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error) {
    grille_reason reason = pass(of(nsm), 'P', error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (of(nsm)->inner != NULL) {
        return of(nsm)->inner->functions->describe_pcr(of(nsm)->inner, index, value, locked, error);
    }
    memset(value, index, GRILLE_NSM_PCR_BYTES);
    if (locked != NULL) *locked = true;
    return reason;
}

static grille_reason extend_pcr(grille_nsm *nsm, uint16_t index, grille_bytes data, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                grille_error *error) {
    grille_reason reason = pass(of(nsm), 'E', error);
    if (reason == GRILLE_REASON_OK) memset(value, (int)(index + data.len), GRILLE_NSM_PCR_BYTES);
    return reason;
}

static grille_reason lock_pcr(grille_nsm *nsm, uint16_t index, grille_error *error) {
    (void)index;
    return pass(of(nsm), 'L', error);
}

static grille_reason lock_pcrs(grille_nsm *nsm, uint16_t range, grille_error *error) {
    (void)range;
    return pass(of(nsm), 'S', error);
}

static void close_scripted(grille_nsm *nsm) {
    scripted_nsm *scripted = of(nsm);
    pthread_mutex_lock(&scripted->lock);
    if (scripted->active != 0) abort();
    scripted->closed++;
    pthread_mutex_unlock(&scripted->lock);
}

static const grille_nsm_functions functions = {.attest = attest,
                                               .random = get_random,
                                               .describe = describe,
                                               .describe_pcr = describe_pcr,
                                               .extend_pcr = extend_pcr,
                                               .lock_pcr = lock_pcr,
                                               .lock_pcrs = lock_pcrs,
                                               .close = close_scripted};

void scripted_nsm_init(scripted_nsm *scripted, bool gated) {
    memset(scripted, 0, sizeof *scripted);
    scripted->nsm.functions = &functions;
    scripted->gated = gated;
    pthread_mutex_init(&scripted->lock, NULL);
    pthread_cond_init(&scripted->changed, NULL);
}

void scripted_nsm_deinit(scripted_nsm *scripted) {
    pthread_cond_destroy(&scripted->changed);
    pthread_mutex_destroy(&scripted->lock);
}

void scripted_nsm_permit(scripted_nsm *scripted, int count) {
    pthread_mutex_lock(&scripted->lock);
    scripted->permits += count;
    pthread_cond_broadcast(&scripted->changed);
    pthread_mutex_unlock(&scripted->lock);
}

void scripted_nsm_gate(scripted_nsm *scripted) {
    pthread_mutex_lock(&scripted->lock);
    scripted->gated = true;
    pthread_mutex_unlock(&scripted->lock);
}

void scripted_nsm_open(scripted_nsm *scripted) {
    pthread_mutex_lock(&scripted->lock);
    scripted->gated = false;
    pthread_cond_broadcast(&scripted->changed);
    pthread_mutex_unlock(&scripted->lock);
}

void scripted_nsm_wait_entered(scripted_nsm *scripted, int count) {
    pthread_mutex_lock(&scripted->lock);
    while (scripted->entered < count)
        pthread_cond_wait(&scripted->changed, &scripted->lock);
    pthread_mutex_unlock(&scripted->lock);
}

void scripted_nsm_wait_finished(scripted_nsm *scripted, int count) {
    pthread_mutex_lock(&scripted->lock);
    while (scripted->finished < count)
        pthread_cond_wait(&scripted->changed, &scripted->lock);
    pthread_mutex_unlock(&scripted->lock);
}

void scripted_nsm_fail(scripted_nsm *scripted, grille_reason reason) {
    pthread_mutex_lock(&scripted->lock);
    scripted->fails_with = reason;
    pthread_mutex_unlock(&scripted->lock);
}

const char *scripted_nsm_log(scripted_nsm *scripted, char copy[SCRIPTED_LOG_MAX]) {
    pthread_mutex_lock(&scripted->lock);
    memcpy(copy, scripted->log, SCRIPTED_LOG_MAX);
    pthread_mutex_unlock(&scripted->lock);
    return copy;
}
