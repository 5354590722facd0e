/* SPDX-License-Identifier: Apache-2.0
 * From a request to its action, and from what it did to an answer. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_emulator/call.h"

static const kms_operation operations[] = {
    {"CancelKeyDeletion", kms_serve_cancel_key_deletion, false},
    {"CreateAlias", kms_serve_create_alias, false},
    {"CreateKey", kms_serve_create_key, false},
    {"Decrypt", kms_serve_decrypt, true},
    {"DescribeKey", kms_serve_describe_key, true},
    {"DisableKey", kms_serve_disable_key, false},
    {"EnableKey", kms_serve_enable_key, false},
    {"Encrypt", kms_serve_encrypt, true},
    {"GenerateDataKey", kms_serve_generate_data_key, true},
    {"GenerateDataKeyWithoutPlaintext", kms_serve_generate_data_key_without_plaintext, true},
    {"GenerateRandom", kms_serve_generate_random, true},
    {"GetKeyPolicy", kms_serve_get_key_policy, true},
    {"ListAliases", kms_serve_list_aliases, true},
    {"ListKeys", kms_serve_list_keys, true},
    {"PutKeyPolicy", kms_serve_put_key_policy, false},
    {"RotateKeyOnDemand", kms_serve_rotate_key_on_demand, false},
    {"ScheduleKeyDeletion", kms_serve_schedule_key_deletion, false},
};

static const kms_operation *find_operation(const char *target) {
    static const char prefix[] = "TrentService.";
    if (target == NULL || strncmp(target, prefix, sizeof prefix - 1) != 0) return NULL;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, target + sizeof prefix - 1) == 0) return &operations[i];
    }
    return NULL;
}

static bool read_body(kms_call *call) {
    const grille_bytes body = call->request->body;
    json_error_t problem;
    call->input = json_loadb(body.len == 0 ? "" : (const char *)body.data, body.len, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(call->input)) return true;
    return kms_fail(call, KMS_ERROR_SERIALIZATION, "The body is no JSON object: %s",
                    call->input == NULL ? problem.text : "something else stands there");
}

static bool serve(kms_call *call) {
    if (call->operation == NULL) return kms_fail_plainly(call, KMS_ERROR_UNKNOWN_OPERATION);
    return kms_check_store(call, kms_store_delete_due(call->service->store, call->request->now_ms)) &&
           read_body(call) && call->operation->serve(call);
}

/* Access is denied before the service is reached, by something that writes "Message". */
static json_t *error_body(const kms_call *call) {
    const char *name = call->error == KMS_ERROR_ACCESS_DENIED ? "Message" : "message";
    json_t *body = json_pack("{s:s}", "__type", kms_error_type(call->error));
    if (call->message[0] != '\0') (void)json_object_set_new(body, name, kms_json_text(call->message));
    return body;
}

/* Into one block of the right size, so that no copy of it is left behind. */
static void write_body(const json_t *body, kms_answer *answer) {
    const size_t flags = JSON_COMPACT;
    const size_t len = json_dumpb(body, NULL, 0, flags);
    answer->body = len == 0 ? NULL : calloc(1, len + 1);
    if (answer->body == NULL) return;
    answer->body_len = json_dumpb(body, answer->body, len, flags);
}

/* An answer there always is: without memory for another one, this. */
static void fill_answer(kms_call *call, bool done, kms_answer *answer) {
    json_t *body = done ? json_incref(call->output) : error_body(call);
    answer->error = call->error;
    write_body(body, answer);
    json_decref(body);
    if (answer->body == NULL) {
        answer->error = KMS_ERROR_INTERNAL;
        answer->body = strdup("{}");
        answer->body_len = answer->body == NULL ? 0 : 2;
    }
    answer->status = kms_error_status(answer->error);
    answer->log = kms_log_line(call, answer->request_id);
}

/* Whatever jansson gives back may be of a plaintext: its values, and what it read and wrote them with. */
static void free_wiped(void *block) {
    OPENSSL_cleanse(block, malloc_usable_size(block));
    free(block);
}

static void wipe_json(void) {
    json_set_alloc_funcs(malloc, free_wiped);
}

static kms_call *open_call(const kms_service *service, const kms_caller *caller, const kms_request *request,
                           kms_answer *answer) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    kms_call *call = calloc(1, sizeof *call);
    (void)pthread_once(&once, wipe_json);
    *answer = (kms_answer){.error = KMS_ERROR_INTERNAL, .status = 500};
    if (call == NULL || !kms_uuid_make(answer->request_id)) {
        free(call);
        return NULL;
    }
    call->service = service;
    call->caller = caller;
    call->request = request;
    call->operation = find_operation(request->target);
    call->output = json_object();
    return call;
}

static void close_call(kms_call *call) {
    json_decref(call->input);
    json_decref(call->output);
    kms_recipient_clear(&call->recipient);
    free(call->document);
    kms_key_clear(&call->key);
    free(call);
}

void kms_action(const kms_service *service, const kms_caller *caller, const kms_request *request, kms_answer *answer) {
    kms_call *call = open_call(service, caller, request, answer);
    if (call == NULL) return;
    fill_answer(call, serve(call), answer);
    close_call(call);
}

void kms_refuse(const kms_service *service, const kms_caller *caller, const kms_request *request, kms_error error,
                const char *message, kms_answer *answer) {
    const kms_caller nobody = {.arn = NULL};
    kms_call *call = open_call(service, caller == NULL ? &nobody : caller, request, answer);
    if (call == NULL) return;
    fill_answer(call, kms_fail(call, error, "%s", message == NULL ? kms_error_message(error) : message), answer);
    close_call(call);
}

void kms_answer_clear(kms_answer *answer) {
    OPENSSL_clear_free(answer->body, answer->body_len);
    free(answer->log);
    *answer = (kms_answer){.body = NULL};
}
