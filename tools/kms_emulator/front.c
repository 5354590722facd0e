/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/front.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/events.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policies.h"

struct kms_front {
    char *folder;
    kms_settings settings;
    kms_roots roots;
    kms_service service;
    const grille_crypto *crypto;
    pthread_mutex_t lock; /* of what follows */
    kms_credentials *credentials;
    kms_events *events;
    size_t throttled;
};

/* Those that are missing, for every account that somebody here is of. */
static bool take_policies(const kms_front *front, const kms_credentials *credentials, grille_error *error) {
    kms_store *store = front->service.store;
    bool taken = kms_policies_take(front->folder, store, error) &&
                 kms_policies_add_missing(front->folder, store, front->settings.account, error);
    for (size_t i = 0; taken && i < credentials->count; i++) {
        const char *account = credentials->items[i].account;
        bool is_known = strcmp(account, front->settings.account) == 0;
        for (size_t j = 0; j < i; j++)
            is_known = is_known || strcmp(account, credentials->items[j].account) == 0;
        taken = is_known || kms_policies_add_missing(front->folder, store, account, error);
    }
    return taken;
}

static bool open_parts(kms_front *front, grille_error *error) {
    const kms_settings *settings = &front->settings;
    if (!kms_settings_read(front->folder, &front->settings, error)) return false;
    if (!kms_roots_read(front->folder, &front->roots, error)) return false;
    front->service = (kms_service){.store = kms_folder_store(front->folder, error),
                                   .region = settings->region,
                                   .insecure_development_roots = front->roots.items,
                                   .insecure_development_root_count = front->roots.count,
                                   .takes_aws_root = settings->takes_aws_root || front->roots.has_aws,
                                   .documents_at_ms = settings->documents_at_ms,
                                   .primitive_content = settings->primitive_content,
                                   .insecure_explain = settings->insecure_explain};
    if (front->service.store == NULL) return false;
    front->credentials = kms_credentials_read(front->folder, error);
    if (front->credentials == NULL || !take_policies(front, front->credentials, error)) return false;
    front->events = kms_events_open(front->folder, error);
    return front->events != NULL;
}

grille_reason kms_front_open(const kms_front_options *options, kms_front **opened, grille_error *error) {
    kms_front *front = calloc(1, sizeof *front);
    grille_error problem = {0};
    *opened = NULL;
    if (front == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    (void)pthread_mutex_init(&front->lock, NULL);
    front->crypto = grille_crypto_wolf();
    front->throttled = options->throttled;
    front->folder = strdup(options->folder);
    if (front->folder != NULL && open_parts(front, &problem)) {
        *opened = front;
        return GRILLE_REASON_OK;
    }
    kms_front_close(front);
    if (error != NULL) *error = problem;
    return problem.code == GRILLE_INVALID_ARGUMENT ? GRILLE_REASON_BAD_ARGUMENT : GRILLE_REASON_SYSTEM;
}

void kms_front_close(kms_front *front) {
    if (front == NULL) return;
    kms_events_close(front->events);
    kms_credentials_free(front->credentials);
    kms_store_close(front->service.store);
    kms_roots_free(&front->roots);
    (void)pthread_mutex_destroy(&front->lock);
    free(front->folder);
    free(front);
}

const kms_settings *kms_front_settings(const kms_front *front) {
    return &front->settings;
}

bool kms_front_reload(kms_front *front, grille_error *error) {
    kms_credentials *credentials = kms_credentials_read(front->folder, error), *before = NULL;
    kms_events *events = credentials == NULL ? NULL : kms_events_open(front->folder, error), *events_before = NULL;
    if (events == NULL) {
        kms_credentials_free(credentials);
        return false;
    }
    (void)pthread_mutex_lock(&front->lock);
    before = front->credentials;
    events_before = front->events;
    front->credentials = credentials;
    front->events = events;
    (void)pthread_mutex_unlock(&front->lock);
    kms_credentials_free(before);
    kms_events_close(events_before);
    return take_policies(front, credentials, error);
}

static const grille_kms_header *header(const kms_front_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0) return &request->headers[i];
    return NULL;
}

/* As text, cut to `capacity`; NULL: it is not there. */
static const char *header_text(const kms_front_request *request, const char *name, char *text, size_t capacity) {
    const grille_kms_header *sent = header(request, name);
    if (sent == NULL) return NULL;
    (void)snprintf(text, capacity, "%.*s", (int)sent->value.len,
                   sent->value.len > 0 ? (const char *)sent->value.data : "");
    return text;
}

/* Copied, as the callers may be read again meanwhile. */
typedef struct known_caller {
    char principal[KMS_PRINCIPAL_BYTES];
    char account[KMS_ACCOUNT_BYTES];
    char access_key_id[KMS_ACCESS_KEY_BYTES];
    bool is_known;
    bool identity_policy_allows;
} known_caller;

/* Whose request it is, and whether it is to be refused at once. */
static kms_error check(kms_front *front, const kms_front_request *request, known_caller *caller, kms_signature *found) {
    kms_signed_request signed_request = {.method = request->method,
                                         .region = front->settings.region,
                                         .now_ms = request->now_ms,
                                         .body = request->body,
                                         .header_count = request->header_count};
    memcpy(signed_request.headers, request->headers, sizeof signed_request.headers);
    (void)pthread_mutex_lock(&front->lock);
    signed_request.credentials = front->credentials;
    kms_signature_check(front->crypto, &signed_request, found);
    caller->is_known = found->who != NULL;
    if (caller->is_known) {
        memcpy(caller->principal, found->who->principal, sizeof caller->principal);
        memcpy(caller->account, found->who->account, sizeof caller->account);
        memcpy(caller->access_key_id, found->who->access_key_id, sizeof caller->access_key_id);
        caller->identity_policy_allows = found->who->identity_policy_allows;
    }
    found->who = NULL;
    if (found->error == KMS_ERROR_NONE && front->throttled > 0) {
        front->throttled--;
        found->error = KMS_ERROR_THROTTLING;
    }
    (void)pthread_mutex_unlock(&front->lock);
    return found->error;
}

/* What can't be this service's, before anybody is asked who he is. */
static kms_error judge_form(const kms_front_request *request) {
    if (request->is_too_large) return KMS_ERROR_REQUEST_TOO_LARGE;
    if (request->has_too_many_headers) return KMS_ERROR_VALIDATION;
    if (strcmp(request->method, "POST") != 0 || strcmp(request->path, "/") != 0) return KMS_ERROR_UNKNOWN_OPERATION;
    return KMS_ERROR_NONE;
}

static bool creates_key(const char *target) {
    return strcmp(target, "TrentService.CreateKey") == 0;
}

static bool sets_policy(const char *target) {
    return creates_key(target) || strcmp(target, "TrentService.PutKeyPolicy") == 0;
}

/* The key whose policy a request has set, from its answer or from itself. */
static void find_key(const kms_request *request, const kms_answer *answer, char id[KMS_KEY_ID_BYTES]) {
    const bool creates = creates_key(request->target);
    const char *text = creates ? answer->body : (const char *)request->body.data, *key = NULL, *slash = NULL;
    json_t *value = json_loadb(text, creates ? answer->body_len : request->body.len, 0, NULL);
    if (creates)
        (void)json_unpack(value, "{s:{s:s}}", "KeyMetadata", "KeyId", &key);
    else
        (void)json_unpack(value, "{s:s}", "KeyId", &key);
    slash = key == NULL ? NULL : strrchr(key, '/');
    (void)snprintf(id, KMS_KEY_ID_BYTES, "%s", slash != NULL ? slash + 1 : key != NULL ? key : "");
    json_decref(value);
}

static void refuse_for(kms_front *front, const kms_caller *caller, const kms_request *request,
                       const grille_error *error, kms_answer *answer) {
    (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, error->text);
    kms_refuse(&front->service, caller, request, KMS_ERROR_INTERNAL, NULL, answer);
}

/* Nobody reads or writes policies' files meanwhile. A policy that is not in its file would be undone by the next start:
 * it was not set, then. */
static void set_policy(kms_front *front, const kms_caller *caller, const kms_request *request, kms_answer *answer) {
    char id[KMS_KEY_ID_BYTES];
    grille_error error = {0};
    const int lock = kms_folder_lock(front->folder, &error);
    if (lock < 0) {
        refuse_for(front, caller, request, &error, answer);
        return;
    }
    kms_action(&front->service, caller, request, answer);
    if (answer->error == KMS_ERROR_NONE) {
        find_key(request, answer, id);
        if (!kms_policies_save(front->folder, front->service.store, id, &error)) {
            kms_answer_clear(answer);
            refuse_for(front, caller, request, &error, answer);
        }
    }
    kms_folder_unlock(lock);
}

static void log_answer(kms_front *front, const kms_answer *answer) {
    (void)pthread_mutex_lock(&front->lock);
    if (!kms_events_add(front->events, answer->log))
        (void)fprintf(stderr, "%s: a line of the log is lost: %s\n", program_invocation_short_name, strerror(errno));
    (void)pthread_mutex_unlock(&front->lock);
}

void kms_front_answer(kms_front *front, const kms_front_request *request, kms_answer *answer) {
    char target[128], agent[512];
    known_caller known = {.is_known = false};
    kms_signature found = {.error = judge_form(request)};
    const kms_request wanted = {.target = header_text(request, "x-amz-target", target, sizeof target),
                                .body = request->body,
                                .now_ms = request->now_ms};
    kms_caller caller = {.source_address = request->source_address,
                         .user_agent = header_text(request, "user-agent", agent, sizeof agent)};
    const char *message = NULL;
    if (found.error == KMS_ERROR_NONE) found.error = check(front, request, &known, &found);
    if (known.is_known) {
        caller.arn = known.principal;
        caller.account = known.account;
        caller.access_key_id = known.access_key_id;
        caller.identity_policy_allows = known.identity_policy_allows;
    }
    message = found.message[0] == '\0' ? NULL : found.message;
    if (found.error != KMS_ERROR_NONE)
        kms_refuse(&front->service, &caller, &wanted, found.error, message, answer);
    else if (wanted.target != NULL && sets_policy(wanted.target))
        set_policy(front, &caller, &wanted, answer);
    else
        kms_action(&front->service, &caller, &wanted, answer);
    log_answer(front, answer);
}
