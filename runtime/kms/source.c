/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

const char *grille_kms_setting(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void grille_kms_add_region(grille_kms_role_credentials *credentials) {
    const char *region = grille_kms_setting("AWS_REGION");
    if (region == NULL) region = grille_kms_setting("AWS_DEFAULT_REGION");
    if (credentials->region[0] == '\0' && region != NULL && strlen(region) < sizeof credentials->region)
        (void)snprintf(credentials->region, sizeof credentials->region, "%s", region);
}

static void just_free(grille_kms_source *source) {
    free(source);
}

void *grille_kms_source_new(size_t size,
                            grille_reason (*read)(struct grille_kms_source *, int, grille_kms_role_credentials *,
                                                  grille_error *),
                            grille_error *error) {
    grille_kms_source *source = calloc(1, size);
    if (source == NULL) {
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
        return NULL;
    }
    source->read = read;
    source->free = just_free;
    return source;
}

void grille_kms_source_free(grille_kms_source *source) {
    if (source != NULL) source->free(source);
}

const char *grille_kms_source_describe(const grille_kms_source *source) {
    return source->where;
}

grille_reason grille_kms_source_take(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                                     grille_error *error) {
    memset(credentials, 0, sizeof *credentials);
    grille_error_clear(error);
    grille_reason reason = source->read(source, stop, credentials, error);
    if (reason == GRILLE_REASON_OK) {
        grille_kms_add_region(credentials);
        reason = grille_role_credentials_check(credentials, source->where, error);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    grille_kms_role_credentials_wipe(credentials);
    return grille_error_default(error, reason);
}

grille_code grille_kms_source_read(grille_kms_source *source, grille_kms_role_credentials *credentials,
                                   grille_error *error) {
    return grille_reason_code(grille_kms_source_take(source, -1, credentials, error));
}

/* ---- the environment ---- */

static bool set_from(char *field, size_t capacity, const char *value) {
    return value == NULL || grille_role_field_set(field, capacity, grille_bytes_of_text(value));
}

static grille_reason read_environment(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                                      grille_error *error) {
    const char *id = grille_kms_setting("AWS_ACCESS_KEY_ID"), *secret = grille_kms_setting("AWS_SECRET_ACCESS_KEY");
    const char *expires = grille_kms_setting("AWS_CREDENTIAL_EXPIRATION");
    (void)stop;
    (void)source;
    if (id == NULL && secret == NULL)
        return grille_error_set(error, GRILLE_REASON_KMS_SOURCE_EMPTY, "AWS_ACCESS_KEY_ID is not set");
    if (id == NULL || secret == NULL) {
        return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS,
                                "%s is set and %s is not. Likely one of them was not exported: export both",
                                id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    }
    if (!set_from(credentials->access_key_id, sizeof credentials->access_key_id, id) ||
        !set_from(credentials->secret_access_key, sizeof credentials->secret_access_key, secret) ||
        !set_from(credentials->session_token, sizeof credentials->session_token,
                  grille_kms_setting("AWS_SESSION_TOKEN")))
        return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS, "a value in the environment is over its limit");
    if (expires != NULL && !grille_role_expiry_read(grille_bytes_of_text(expires), &credentials->expires_ms))
        return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS,
                                "AWS_CREDENTIAL_EXPIRATION is no time like 2026-11-23T10:00:00Z");
    return GRILLE_REASON_OK;
}

grille_code grille_kms_source_open_environment(grille_kms_source **source, grille_error *error) {
    grille_error_clear(error);
    *source = grille_kms_source_new(sizeof **source, read_environment, error);
    if (*source == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    (void)snprintf((*source)->where, sizeof(*source)->where, "the environment (AWS_ACCESS_KEY_ID)");
    return GRILLE_OK;
}

/* ---- the application's own ---- */

typedef struct callback_source {
    grille_kms_source source;
    grille_kms_read_fn *read;
    void *user;
} callback_source;

static grille_reason read_callback(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                                   grille_error *error) {
    const callback_source *own = (const callback_source *)source;
    grille_error said = {.code = GRILLE_OK};
    const grille_code code = own->read(own->user, credentials, &said);
    (void)stop;
    credentials->access_key_id[GRILLE_KMS_ACCESS_KEY_ID_MAX] = '\0';
    credentials->secret_access_key[GRILLE_KMS_SECRET_MAX] = '\0';
    credentials->session_token[GRILLE_KMS_SESSION_TOKEN_MAX] = '\0';
    credentials->region[GRILLE_KMS_REGION_MAX] = '\0';
    if (code == GRILLE_OK) return GRILLE_REASON_OK;
    return grille_error_set(error, code == GRILLE_NOT_FOUND ? GRILLE_REASON_KMS_SOURCE_EMPTY : GRILLE_REASON_KMS_SOURCE,
                            "the application's source: %s%s%s", grille_code_name(code),
                            said.text[0] != '\0' ? ": " : "", said.text);
}

grille_code grille_kms_source_open_callback(grille_kms_read_fn *read, void *user, grille_kms_source **source,
                                            grille_error *error) {
    callback_source *own;
    grille_error_clear(error);
    *source = NULL;
    if (read == NULL)
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "a source without a function"));
    own = grille_kms_source_new(sizeof *own, read_callback, error);
    if (own == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    own->read = read;
    own->user = user;
    (void)snprintf(own->source.where, sizeof own->source.where, "the application");
    *source = &own->source;
    return GRILLE_OK;
}
