/* SPDX-License-Identifier: Apache-2.0
 * What a parent puts for an enclave's client of a key service: handed on, and what the client says of it answered.
 * Nothing of it is logged or answered back. */
#include <pthread.h>

#include "base/bytes.h"
#include "base/error.h"
#include "grille/kms.h"
#include "grille/log.h"
#include "grille/seal.h"
#include "grille/server.h"
#include "grille/v1/key_release.grille-nano.h"
#include "kms/feed.h"
#include "kms/header.h"
#include "wire/limits.h"

typedef grille_own_grille_v1_key_release_watch_credentials_server_stream watch_stream;

/* Of this process: another one of the same image has another. */
static uint8_t client[GRILLE_FEED_CLIENT_BYTES];
static grille_code client_code = GRILLE_INTERNAL;
static pthread_once_t client_once = PTHREAD_ONCE_INIT;

static void make_client(void) {
    client_code = grille_random(client, sizeof client, NULL);
}

static grille_code put_credentials(grille_call *call, const grille_v1_Credentials *request,
                                   grille_v1_CredentialsTaken *response, void *user) {
    const grille_kms_credentials credentials = {
        .access_key_id = request->access_key_id,
        .secret_access_key = request->secret_access_key,
        .session_token = request->session_token,
        .expiry_ms = request->expires_ms <= INT64_MAX ? (int64_t)request->expires_ms : -1,
    };
    grille_error error = {.code = GRILLE_OK};
    const grille_code code = grille_kms_set_credentials(user, &credentials, &error);
    if (code != GRILLE_OK) return grille_fail(call, code, "%s", error.text);
    if (grille_kms_word_valid(request->region) && request->region.len <= GRILLE_LIMIT_KMS_REGION_BYTES) {
        grille_log(GRILLE_LOG_INFO, GRILLE_LOG_SERVICES, "credentials came; whoever sent them says to be in %.*s",
                   (int)request->region.len, (const char *)request->region.data);
    }
    response->client = grille_bytes_of(client, sizeof client);
    return GRILLE_OK;
}

static grille_code open_watch(watch_stream *stream, const grille_v1_WatchCredentialsRequest *request, void *user) {
    grille_kms_state state;
    grille_v1_CredentialsState told = {.client = grille_bytes_of(client, sizeof client)};
    (void)request;
    grille_kms_get_state(user, &state);
    told.held = state.has_credentials;
    return grille_own_grille_v1_key_release_watch_credentials_server_send(stream, &told);
}

static void watch_ended(watch_stream *stream, grille_call_end why, void *user) {
    (void)stream;
    (void)why;
    (void)user;
}

grille_code grille_kms_register_credentials(grille_server *server, grille_kms *kms, grille_error *error) {
    static const grille_own_grille_v1_key_release_handlers handlers = {
        .put_credentials = put_credentials, .watch_credentials = {.open = open_watch, .end = watch_ended}};
    grille_error_clear(error);
    (void)pthread_once(&client_once, make_client);
    if (client_code != GRILLE_OK)
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_CRYPTO_FAILED, "no random number can be had"));
    return grille_own_grille_v1_key_release_register_with_error(server, &handlers, kms, error);
}
