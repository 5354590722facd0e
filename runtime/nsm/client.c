/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "nsm/message.h"

typedef struct nsm_client {
    grille_nsm base; /* first */
    const char *name;
    const grille_nsm_channel_functions *channel_functions;
    void *channel;
    pthread_mutex_t lock; /* for all below */
    uint8_t request[GRILLE_NSM_REQUEST_MAX];
    uint8_t response[GRILLE_NSM_RESPONSE_MAX];
} nsm_client;

static nsm_client *client_of(grille_nsm *nsm) {
    return (nsm_client *)(void *)nsm;
}

typedef struct module_error {
    const char *name;
    grille_reason reason;
    const char *hint;
} module_error;

/* The errors of aws-nitro-enclaves-nsm-api, and what an operator can do about them. */
static const module_error *error_of(grille_bytes name) {
    static const module_error errors[] = {
        {"InvalidArgument", GRILLE_REASON_NSM_INVALID_ARGUMENT, "look at the lengths of what was given"},
        {"InvalidIndex", GRILLE_REASON_NSM_INVALID_INDEX, "PCR indexes go from 0 to 31, a range to 32"},
        {"InvalidResponse", GRILLE_REASON_NSM_INVALID_RESPONSE, "try again; likely the device is not a real NSM"},
        {"ReadOnlyIndex", GRILLE_REASON_NSM_READ_ONLY_INDEX,
         "the PCR is locked; 0 to 15 always are, others until the enclave ends"},
        {"InvalidOperation", GRILLE_REASON_NSM_INVALID_OPERATION, "likely the NSM is of an older version"},
        {"BufferTooSmall", GRILLE_REASON_NSM_BUFFER_TOO_SMALL, "likely the device is not a real NSM"},
        {"InputTooLarge", GRILLE_REASON_NSM_INPUT_TOO_LARGE, "each field of a document takes at most 1,024 bytes"},
        {"InternalError", GRILLE_REASON_NSM_INTERNAL_ERROR, "try again; when it stays, start the enclave anew"},
    };
    static const module_error unknown = {"", GRILLE_REASON_NSM_FAILED,
                                         "see the error codes of aws-nitro-enclaves-nsm-api"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (grille_bytes_equal(name, grille_bytes_of_text(errors[i].name))) return &errors[i];
    return &unknown;
}

static grille_reason judge(const nsm_client *client, const grille_nsm_command *command, const grille_nsm_answer *answer,
                           grille_error *error) {
    const char *name = grille_nsm_operation_name(command->operation);
    const module_error *known = error_of(answer->error_name);
    if (answer->error_name.data != NULL)
        return grille_error_set(error, known->reason, "%s answered %s with %.*s; %s", client->name, name,
                                answer->error_name.len < 64 ? (int)answer->error_name.len : 64,
                                (const char *)answer->error_name.data, known->hint);
    if (answer->operation != command->operation)
        return grille_error_set(error, GRILLE_REASON_NSM_MALFORMED, "%s answered %s with an answer to %s", client->name,
                                name, grille_nsm_operation_name(answer->operation));
    return GRILLE_REASON_OK;
}

/* Sends one command. The answer's views live until the lock, which the caller holds, is released. */
static grille_reason ask(nsm_client *client, const grille_nsm_command *command, grille_nsm_answer *answer,
                         grille_error *error) {
    bool repeatable = command->operation != GRILLE_NSM_EXTEND_PCR && command->operation != GRILLE_NSM_LOCK_PCR;
    const char *name = grille_nsm_operation_name(command->operation);
    size_t request_len = 0, response_len = 0;
    grille_reason reason = grille_nsm_command_encode(command, client->request, sizeof client->request, &request_len);
    if (reason != GRILLE_REASON_OK)
        return grille_error_set(error, reason, "a request %s is longer than the %zu bytes that an NSM takes", name,
                                sizeof client->request);
    reason = client->channel_functions->exchange(client->channel, grille_bytes_of(client->request, request_len),
                                                 repeatable, client->response, &response_len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_nsm_answer_decode(grille_bytes_of(client->response, response_len), answer);
    if (reason != GRILLE_REASON_OK)
        return grille_error_set(error, GRILLE_REASON_NSM_MALFORMED,
                                "%s answered %s with %zu bytes that are not one complete answer (%s)", client->name,
                                name, response_len, grille_reason_text(reason));
    return judge(client, command, answer, error);
}

static grille_reason copy_out(grille_bytes data, uint8_t *out, size_t capacity, size_t *len, grille_error *error) {
    if (data.len > capacity)
        return grille_error_set(error, GRILLE_REASON_NO_SPACE, "the NSM's answer has %zu bytes, the buffer %zu",
                                data.len, capacity);
    if (data.len > 0) memcpy(out, data.data, data.len);
    *len = data.len;
    return GRILLE_REASON_OK;
}

static bool fits(grille_bytes field) {
    return field.len <= GRILLE_NSM_FIELD_MAX;
}

static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    nsm_client *client = client_of(nsm);
    grille_nsm_command command = {.operation = GRILLE_NSM_ATTESTATION, .attestation = *request};
    grille_nsm_answer answer;
    grille_reason reason;
    grille_error_clear(error);
    if (!fits(request->user_data) || !fits(request->nonce) || !fits(request->public_key))
        return grille_error_set(
            error, GRILLE_REASON_BAD_ARGUMENT,
            "a document's fields take %d bytes each; asked for user_data %zu, nonce %zu, public_key %zu",
            GRILLE_NSM_FIELD_MAX, request->user_data.len, request->nonce.len, request->public_key.len);
    pthread_mutex_lock(&client->lock);
    reason = ask(client, &command, &answer, error);
    if (reason == GRILLE_REASON_OK && answer.data.len == 0)
        reason = grille_error_set(error, GRILLE_REASON_NSM_MALFORMED, "%s answered an empty document", client->name);
    if (reason == GRILLE_REASON_OK) reason = copy_out(answer.data, document, capacity, len, error);
    pthread_mutex_unlock(&client->lock);
    return reason;
}

/* An answer has up to 256 bytes; the answer's copy in the buffer is wiped. */
static grille_reason fill_random(nsm_client *client, uint8_t *out, size_t len, grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_GET_RANDOM};
    for (size_t done = 0; done < len;) {
        grille_nsm_answer answer;
        size_t piece;
        grille_reason reason = ask(client, &command, &answer, error);
        if (reason != GRILLE_REASON_OK) return reason;
        if (answer.data.len == 0 || answer.data.len > GRILLE_NSM_RANDOM_MAX)
            return grille_error_set(error, GRILLE_REASON_NSM_MALFORMED,
                                    "%s answered %zu random bytes instead of 1 to %d", client->name, answer.data.len,
                                    GRILLE_NSM_RANDOM_MAX);
        piece = answer.data.len < len - done ? answer.data.len : len - done;
        memcpy(out + done, answer.data.data, piece);
        done += piece;
    }
    return GRILLE_REASON_OK;
}

static grille_reason get_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    nsm_client *client = client_of(nsm);
    grille_reason reason;
    grille_error_clear(error);
    pthread_mutex_lock(&client->lock);
    reason = fill_random(client, out, len, error);
    grille_wipe(client->response, sizeof client->response);
    pthread_mutex_unlock(&client->lock);
    if (reason != GRILLE_REASON_OK) grille_wipe(out, len);
    return reason;
}

static grille_reason describe(grille_nsm *nsm, grille_nsm_description *description, grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_DESCRIBE_NSM};
    nsm_client *client = client_of(nsm);
    grille_nsm_answer answer;
    grille_reason reason;
    grille_error_clear(error);
    pthread_mutex_lock(&client->lock);
    reason = ask(client, &command, &answer, error);
    pthread_mutex_unlock(&client->lock);
    if (reason == GRILLE_REASON_OK) *description = answer.description;
    return reason;
}

/* A command about one PCR; `value` and `locked` may be NULL when the answer has none. */
static grille_reason ask_about_pcr(grille_nsm *nsm, const grille_nsm_command *command, uint8_t *value, bool *locked,
                                   grille_error *error) {
    nsm_client *client = client_of(nsm);
    grille_nsm_answer answer;
    grille_reason reason;
    grille_error_clear(error);
    pthread_mutex_lock(&client->lock);
    reason = ask(client, command, &answer, error);
    if (reason == GRILLE_REASON_OK && value != NULL && answer.data.len != GRILLE_NSM_PCR_BYTES)
        reason = grille_error_set(error, GRILLE_REASON_NSM_MALFORMED, "%s answered a PCR of %zu bytes instead of %d",
                                  client->name, answer.data.len, GRILLE_NSM_PCR_BYTES);
    if (reason == GRILLE_REASON_OK && value != NULL) memcpy(value, answer.data.data, GRILLE_NSM_PCR_BYTES);
    if (reason == GRILLE_REASON_OK && locked != NULL) *locked = answer.locked;
    pthread_mutex_unlock(&client->lock);
    return reason;
}

static grille_reason describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_DESCRIBE_PCR, .index = index};
    return ask_about_pcr(nsm, &command, value, locked, error);
}

static grille_reason extend_pcr(grille_nsm *nsm, uint16_t index, grille_bytes data, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_EXTEND_PCR, .index = index, .data = data};
    return ask_about_pcr(nsm, &command, value, NULL, error);
}

static grille_reason lock_pcr(grille_nsm *nsm, uint16_t index, grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_LOCK_PCR, .index = index};
    return ask_about_pcr(nsm, &command, NULL, NULL, error);
}

static grille_reason lock_pcrs(grille_nsm *nsm, uint16_t range, grille_error *error) {
    const grille_nsm_command command = {.operation = GRILLE_NSM_LOCK_PCRS, .index = range};
    return ask_about_pcr(nsm, &command, NULL, NULL, error);
}

static void close_client(grille_nsm *nsm) {
    nsm_client *client = client_of(nsm);
    if (client == NULL) return;
    client->channel_functions->close(client->channel);
    pthread_mutex_destroy(&client->lock);
    grille_wipe(client, sizeof *client);
    free(client);
}

static const grille_nsm_functions client_functions = {
    .attest = attest,
    .random = get_random,
    .describe = describe,
    .describe_pcr = describe_pcr,
    .extend_pcr = extend_pcr,
    .lock_pcr = lock_pcr,
    .lock_pcrs = lock_pcrs,
    .close = close_client,
};

grille_reason grille_nsm_client_open(const char *name, const grille_nsm_channel_functions *functions, void *channel,
                                     grille_nsm **nsm, grille_error *error) {
    nsm_client *client = calloc(1, sizeof *client);
    *nsm = NULL;
    if (client == NULL || pthread_mutex_init(&client->lock, NULL) != 0) {
        free(client);
        return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    client->base.functions = &client_functions;
    client->name = name;
    client->channel_functions = functions;
    client->channel = channel;
    *nsm = &client->base;
    return GRILLE_REASON_OK;
}

void *grille_nsm_client_channel(grille_nsm *nsm) {
    return client_of(nsm)->channel;
}
