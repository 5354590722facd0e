/* SPDX-License-Identifier: Apache-2.0
 * A feeder's calls. Their callbacks leave what came and wake the feeder's thread. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "kms/feeder_private.h"

/* A watch is asked for anew so often: connections that drain wait for it no longer than that, and an enclave whose
 * credentials ended in its service's eyes is noticed. */
#define WATCH_MS 5000

/* Waits until the handle is referenced, then locks. */
static void enter(grille_kms_feeder *feeder) {
    pthread_mutex_lock(&feeder->beginning);
    pthread_mutex_unlock(&feeder->beginning);
    pthread_mutex_lock(&feeder->lock);
}

static void leave(grille_kms_feeder *feeder) {
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
}

static size_t copy_client(uint8_t client[GRILLE_FEED_CLIENT_BYTES], grille_bytes told) {
    if (told.len != GRILLE_FEED_CLIENT_BYTES) return 0;
    memcpy(client, told.data, told.len);
    return told.len;
}

/* What is likely wrong, for codes whose message does not say it. */
static const char *advice(grille_code code) {
    if (code == GRILLE_UNIMPLEMENTED) return ". Likely the enclave does not call grille_kms_register_credentials";
    if (code == GRILLE_PERMISSION_DENIED) return ". Likely its policy lacks `may_call: [\"/grille.v1.KeyRelease/*\"]`";
    return "";
}

static void end_call(grille_kms_feeder *feeder, feeder_call *call, const char *method, grille_code code,
                     const char *message) {
    call->is_done = true;
    call->code = code;
    if (code == GRILLE_OK || feeder->is_stopping) return;
    feeder->error = (grille_error){.code = code};
    (void)snprintf(feeder->error.name, sizeof feeder->error.name, "%s", grille_code_name(code));
    (void)snprintf(feeder->error.text, sizeof feeder->error.text, "%s: %.300s%s", method, message, advice(code));
}

void grille_feeder_cancel(feeder_call *call) {
    if (call->call != NULL && !call->is_done) grille_call_cancel(call->call);
}

void grille_feeder_finish(feeder_call *call) {
    if (call->call != NULL) grille_call_unref(call->call);
    *call = (feeder_call){.is_running = false};
}

/* A call that was begun with `code`; no callback comes of one that was not. */
static void begun(grille_kms_feeder *feeder, feeder_call *call, grille_code code, grille_call *handle,
                  const char *method) {
    pthread_mutex_lock(&feeder->lock);
    call->is_running = true;
    call->call = code == GRILLE_OK ? grille_call_ref(handle) : NULL;
    if (code != GRILLE_OK) end_call(feeder, call, method, code, grille_code_text(code));
    if (feeder->is_stopping) grille_feeder_cancel(call);
    pthread_mutex_unlock(&feeder->lock);
}

/* ---- PutCredentials ---- */

static void put_ended(const grille_own_grille_v1_key_release_put_credentials_reply *reply, void *user) {
    grille_kms_feeder *feeder = user;
    enter(feeder);
    if (reply->code == GRILLE_OK) feeder->taken_by_len = copy_client(feeder->taken_by, reply->response->client);
    end_call(feeder, &feeder->put, "PutCredentials", reply->code, reply->message);
    leave(feeder);
}

void grille_feeder_put(grille_kms_feeder *feeder) {
    const grille_kms_role_credentials *own = &feeder->credentials;
    const grille_v1_Credentials request = {
        .access_key_id = grille_bytes_of_text(own->access_key_id),
        .secret_access_key = grille_bytes_of_text(own->secret_access_key),
        .session_token = grille_bytes_of_text(own->session_token),
        .expires_ms = (uint64_t)own->expires_ms,
        .region = grille_bytes_of_text(own->region),
    };
    const grille_call_options options =
        GRILLE_CALL_OPTIONS(.timeout_ms = feeder->call_timeout_ms, .wait_for_ready = true);
    grille_call *handle = NULL;
    grille_code code;
    pthread_mutex_lock(&feeder->beginning);
    code = grille_own_grille_v1_key_release_put_credentials_async(feeder->channel, &request, &options, put_ended,
                                                                  feeder, &handle);
    begun(feeder, &feeder->put, code, handle, "PutCredentials");
    pthread_mutex_unlock(&feeder->beginning);
}

/* ---- WatchCredentials ---- */

static void watch_told(grille_own_grille_v1_key_release_watch_credentials_stream *stream,
                       const grille_v1_CredentialsState *message, void *user) {
    grille_kms_feeder *feeder = user;
    (void)stream;
    enter(feeder);
    feeder->was_told = true;
    feeder->told_once = true;
    feeder->told_held = message->held;
    feeder->client_len = copy_client(feeder->client, message->client);
    leave(feeder);
}

static void watch_ended(grille_own_grille_v1_key_release_watch_credentials_stream *stream,
                        const grille_own_grille_v1_key_release_watch_credentials_reply *reply, void *user) {
    grille_kms_feeder *feeder = user;
    (void)stream;
    enter(feeder);
    /* Its time is over: that is how a watch ends. */
    end_call(feeder, &feeder->watch, "WatchCredentials",
             reply->code == GRILLE_DEADLINE_EXCEEDED ? GRILLE_OK : reply->code, reply->message);
    leave(feeder);
}

void grille_feeder_watch(grille_kms_feeder *feeder) {
    static const grille_own_grille_v1_key_release_watch_credentials_events events = {.on_message = watch_told,
                                                                                     .on_done = watch_ended};
    const grille_v1_WatchCredentialsRequest request = {0};
    const grille_call_options options = GRILLE_CALL_OPTIONS(.timeout_ms = WATCH_MS, .wait_for_ready = true);
    grille_own_grille_v1_key_release_watch_credentials_stream *stream = NULL;
    grille_code code;
    pthread_mutex_lock(&feeder->beginning);
    code = grille_own_grille_v1_key_release_watch_credentials_open(feeder->channel, &request, &options, &events, feeder,
                                                                   &stream);
    begun(feeder, &feeder->watch, code, (grille_call *)stream, "WatchCredentials");
    pthread_mutex_unlock(&feeder->beginning);
}
