/* SPDX-License-Identifier: Apache-2.0
 * How calls end. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "kms/client_private.h"

/* A parent can cause as many lines as it likes: by credentials, by connections that it cuts. */
static grille_log_shared_limit lines =
    GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_VERIFIED_LOG_BURST, GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND);

bool grille_kms_may_log(grille_log_level level) {
    return grille_log_is_on(level, GRILLE_LOG_KMS) &&
           grille_log_shared_take(&lines, GRILLE_LOG_KMS, "clients of a key service", grille_clock_us());
}

/* What a reply's views point into. */
typedef struct reply_memory {
    size_t len;
    uint8_t bytes[];
} reply_memory;

uint8_t *grille_kms_reply_space(grille_kms_reply *reply, size_t ciphertext_len) {
    const size_t len = GRILLE_LIMIT_KMS_RECIPIENT_BYTES + ciphertext_len;
    reply_memory *memory = calloc(1, sizeof *memory + len);
    if (memory == NULL) return NULL;
    memory->len = len;
    reply->memory = memory;
    return memory->bytes;
}

void grille_kms_reply_free(grille_kms_reply *reply) {
    reply_memory *memory = reply->memory;
    if (memory != NULL) {
        grille_wipe(memory->bytes, memory->len);
        free(memory);
    }
    reply->memory = NULL;
    reply->plaintext = reply->ciphertext = grille_bytes_of(NULL, 0);
}

const char *grille_kms_action_name(grille_kms_action action) {
    const char *target = grille_kms_target(action), *dot = strchr(target, '.');
    return dot != NULL ? dot + 1 : target;
}

/* The waiter's thread may be gone as soon as it is unlocked. */
static void wake(kms_waiter *waiter, const grille_kms_reply *reply) {
    (void)pthread_mutex_lock(&waiter->lock);
    *waiter->reply = *reply;
    waiter->done = true;
    (void)pthread_cond_signal(&waiter->ended);
    (void)pthread_mutex_unlock(&waiter->lock);
}

void grille_kms_end(kms_call *call, grille_kms_reply *reply) {
    grille_kms *kms = call->kms;
    grille_kms_attempt_abandon(call->attempt);
    grille_list_remove(&call->link);
    if (call->stage == KMS_WAITS_FOR_KEY || call->stage == KMS_DIALS || call->stage == KMS_TALKS)
        grille_kms_count_flying(kms, false);
    reply->attempts = call->attempts;
    reply->status = call->status;
    memcpy(reply->error_type, call->error_type, sizeof reply->error_type);
    memcpy(reply->error_message, call->error_message, sizeof reply->error_message);
    (void)pthread_mutex_lock(&kms->lock);
    kms->calls--;
    if (reply->code != GRILLE_OK) kms->counts.failures++;
    (void)pthread_mutex_unlock(&kms->lock);
    if (call->waiter != NULL) {
        wake(call->waiter, reply);
    } else {
        call->done(reply, call->user);
        grille_kms_reply_free(reply);
    }
    grille_wipe(call, call->bytes);
    free(call);
    grille_kms_look_again(kms);
}

void grille_kms_end_failed(kms_call *call, const grille_error *error) {
    grille_kms_reply reply = {.code = error->code, .error = *error};
    if (grille_kms_may_log(GRILLE_LOG_DEBUG))
        grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_KMS, "%s: %s", error->name, error->text);
    grille_kms_end(call, &reply);
}
