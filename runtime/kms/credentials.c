/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/credentials.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "kms/header.h"

void grille_credentials_init(grille_credentials_store *store) {
    *store = (grille_credentials_store){.taken = 0};
    (void)pthread_mutex_init(&store->lock, NULL);
}

void grille_credentials_wipe(grille_credentials *copy) {
    grille_wipe(copy, sizeof *copy);
}

void grille_credentials_deinit(grille_credentials_store *store) {
    grille_credentials_wipe(&store->current);
    (void)pthread_mutex_destroy(&store->lock);
}

/* Without blanks: a token is a header's value, and a blank at one of its ends would change on its way. */
static bool is_visible(grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if (character <= ' ' || character > '~') return false;
    }
    return true;
}

static grille_reason refuse(grille_error *error, const char *what, size_t observed, size_t most, const char *of) {
    return grille_error_set(
        error, GRILLE_REASON_KMS_CREDENTIALS,
        "the %s: observed %zu bytes, expected 1 to %zu of %s. Likely another value was given in its "
        "place, or with its line end; look at where the parent has it from: grille kms credentials",
        what, observed, most, of);
}

grille_reason grille_credentials_check(const grille_kms_credentials *credentials, grille_error *error) {
    const grille_bytes id = credentials->access_key_id, secret = credentials->secret_access_key,
                       token = credentials->session_token;
    if (id.len > GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES || !grille_kms_word_valid(id)) {
        return refuse(error, "access key id", id.len, GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES,
                      "letters, digits, hyphens and underscores");
    }
    if (secret.len == 0 || secret.len > GRILLE_LIMIT_KMS_SECRET_BYTES || !is_visible(secret)) {
        return refuse(error, "secret access key", secret.len, GRILLE_LIMIT_KMS_SECRET_BYTES, "visible ASCII");
    }
    if (token.len > GRILLE_LIMIT_KMS_TOKEN_BYTES || !is_visible(token)) {
        return refuse(error, "session token", token.len, GRILLE_LIMIT_KMS_TOKEN_BYTES, "visible ASCII (or none)");
    }
    if (credentials->expiry_ms >= 0) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS,
                            "observed an expiry before 1970, expected milliseconds since then, or 0 for never");
}

static bool has_expired(grille_wall_ms expiry_ms, grille_wall_ms now_ms) {
    return expiry_ms != 0 && now_ms != 0 && now_ms >= expiry_ms;
}

static grille_bytes keep(grille_writer *writer, grille_bytes bytes) {
    const size_t before = writer->len;
    grille_write_bytes(writer, bytes);
    return grille_bytes_of(writer->start + before, writer->len - before);
}

static void fill(grille_credentials *made, grille_bytes id, grille_bytes secret, grille_bytes token) {
    grille_writer writer = grille_writer_into(made->bytes, sizeof made->bytes);
    made->signing.access_key_id = keep(&writer, id);
    made->signing.secret_access_key = keep(&writer, secret);
    made->signing.session_token = keep(&writer, token);
}

grille_reason grille_credentials_set(grille_credentials_store *store, const grille_kms_credentials *credentials,
                                     grille_wall_ms now_ms, grille_error *error) {
    const grille_reason reason = grille_credentials_check(credentials, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (has_expired(credentials->expiry_ms, now_ms)) {
        return grille_error_set(
            error, GRILLE_REASON_KMS_CREDENTIALS,
            "observed credentials that expired %lld s before the NSM's time, expected ones that are "
            "good. Likely the parent's clock is slow, or it keeps old ones; compare date -u on the "
            "parent",
            (long long)(now_ms - credentials->expiry_ms) / 1000);
    }
    (void)pthread_mutex_lock(&store->lock);
    grille_credentials_wipe(&store->current);
    store->current.number = ++store->taken;
    store->current.expiry_ms = credentials->expiry_ms;
    fill(&store->current, credentials->access_key_id, credentials->secret_access_key, credentials->session_token);
    (void)pthread_mutex_unlock(&store->lock);
    return GRILLE_REASON_OK;
}

bool grille_credentials_copy(grille_credentials_store *store, grille_wall_ms now_ms, grille_credentials *copy) {
    bool has = false;
    (void)pthread_mutex_lock(&store->lock);
    if (has_expired(store->current.expiry_ms, now_ms)) grille_credentials_wipe(&store->current);
    has = store->current.number != 0;
    if (has) {
        copy->number = store->current.number;
        copy->expiry_ms = store->current.expiry_ms;
        fill(copy, store->current.signing.access_key_id, store->current.signing.secret_access_key,
             store->current.signing.session_token);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return has;
}

void grille_credentials_refused(grille_credentials_store *store, uint64_t number) {
    (void)pthread_mutex_lock(&store->lock);
    if (store->current.number == number) grille_credentials_wipe(&store->current);
    (void)pthread_mutex_unlock(&store->lock);
}

bool grille_credentials_look(grille_credentials_store *store, grille_wall_ms *expiry_ms, uint64_t *taken) {
    bool has = false;
    (void)pthread_mutex_lock(&store->lock);
    has = store->current.number != 0;
    *expiry_ms = store->current.expiry_ms;
    *taken = store->taken;
    (void)pthread_mutex_unlock(&store->lock);
    return has;
}
