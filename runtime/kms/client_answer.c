/* SPDX-License-Identifier: Apache-2.0
 * What the service said, and what becomes of the call. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms/client_private.h"
#include "kms/recipient.h"
#include "kms/service_error.h"

/* "Decrypt with KEY at HOST" */
static void describe(const kms_call *call, char *text, size_t capacity) {
    const grille_bytes arn = call->request.key_arn;
    (void)snprintf(text, capacity, "%s%s%.*s at %.100s", grille_kms_action_name(call->request.action),
                   arn.len > 0 ? " with " : "", (int)(arn.len < 100 ? arn.len : 100),
                   arn.len > 0 ? (const char *)arn.data : "", call->kms->config.host);
}

/* The service's own words, where they come from, and what to do about it. */
static void refused(kms_call *call, const grille_kms_error *said) {
    const grille_kms_meaning meaning = grille_kms_meaning_of(said);
    const bool expired = grille_kms_is_expired_token(said->type);
    const bool again =
        expired || meaning.reason == GRILLE_REASON_KMS_UNAVAILABLE || meaning.reason == GRILLE_REASON_KMS_THROTTLED;
    char what[256];
    grille_error why;
    (void)snprintf(call->error_type, sizeof call->error_type, "%s", said->type);
    (void)snprintf(call->error_message, sizeof call->error_message, "%s", said->message);
    if (expired) grille_credentials_refused(&call->kms->credentials, call->attempt->credentials_number);
    describe(call, what, sizeof what);
    (void)grille_error_set(&why, meaning.reason, "%.180s: %s (HTTP %u): %.110s; attempt %u of %u. Likely %s. Next: %s",
                           what, said->type[0] != '\0' ? said->type : "an error without a type", said->status,
                           said->message[0] != '\0' ? said->message : "no message", call->attempts,
                           call->kms->config.options.max_attempts, meaning.cause, meaning.next);
    grille_kms_attempt_failed(call, again, &why);
}

/* An answer that must not be believed: never again, since it came from who proved to be the service. */
static void unusable(kms_call *call, grille_reason reason) {
    char what[256];
    grille_error why;
    describe(call, what, sizeof what);
    (void)grille_error_set(
        &why, reason,
        "%s: %s; attempt %u. Likely the host is not AWS KMS but another service, or one that does not "
        "know recipients. Next: compare region and host of the options",
        what, grille_reason_text(reason), call->attempts);
    grille_kms_attempt_failed(call, false, &why);
}

/* What was asked for has its length. */
static bool has_length(const grille_kms_request *request, size_t len) {
    return request->action == GRILLE_KMS_DECRYPT ? len <= GRILLE_KMS_PLAINTEXT_MAX : len == request->wanted_bytes;
}

static grille_reason open_reply(kms_call *call, const grille_kms_answer *answer, grille_kms_reply *reply) {
    uint8_t *space = grille_kms_reply_space(reply, answer->data_key.len);
    size_t len = 0;
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    if (space == NULL) return reason;
    reason = grille_recipient_open(call->kms->seams.rsa_private, call->attempt->key->key, answer->for_recipient, space,
                                   GRILLE_LIMIT_KMS_RECIPIENT_BYTES, &len);
    if (reason == GRILLE_REASON_OK && !has_length(&call->request, len)) reason = GRILLE_REASON_KMS_ANSWER;
    if (reason != GRILLE_REASON_OK) return reason;
    reply->plaintext = grille_bytes_of(space, len);
    if (answer->data_key.len == 0) return reason;
    grille_writer writer = grille_writer_into(space + GRILLE_LIMIT_KMS_RECIPIENT_BYTES, answer->data_key.len);
    grille_write_bytes(&writer, answer->data_key);
    reply->ciphertext = grille_written(&writer);
    return grille_writer_end(&writer);
}

void grille_kms_answer_came(kms_call *call, const grille_kms_exchange_result *result) {
    uint8_t *space = malloc(result->body.len + 1);
    grille_writer writer = grille_writer_into(space, result->body.len);
    grille_kms_reply reply = {.code = GRILLE_OK};
    grille_kms_answer answer = {.for_recipient = {NULL, 0}};
    grille_kms_error said = {.status = result->status};
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    call->status = result->status;
    call->error_type[0] = '\0';
    call->error_message[0] = '\0';
    if (space != NULL)
        reason = grille_kms_answer_read(&call->request, result->status, result->body, &writer, &answer, &said);
    if (reason == GRILLE_REASON_OK) reason = open_reply(call, &answer, &reply);
    free(space);
    if (reason == GRILLE_REASON_OK) {
        grille_error_clear(&reply.error);
        grille_kms_end(call, &reply);
        return;
    }
    grille_kms_reply_free(&reply);
    if (reason == GRILLE_REASON_KMS_REFUSED || reason == GRILLE_REASON_KMS_UNAVAILABLE) {
        refused(call, &said);
    } else {
        unusable(call, reason);
    }
}
