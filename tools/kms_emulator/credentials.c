/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms/header.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/principal.h"
#include "wall_time.h"

static bool take_text(char *place, size_t capacity, const char *text) {
    const size_t len = strlen(text);
    if (len >= capacity) return false;
    memcpy(place, text, len + 1);
    return true;
}

/* What a header may carry, and what stands for itself between quotes of a shell and of JSON. */
static bool is_plain(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("'\"\\", *text) != NULL) return false;
    return true;
}

/* What is wrong with one caller; NULL: nothing. The texts are in their places. */
static const char *check(kms_credential *item) {
    if (!kms_caller_name_valid(item->name)) return "\"name\" is not of letters, digits, '.', '-' and '_'";
    if (!grille_kms_word_valid(grille_bytes_of_text(item->access_key_id))) return "\"access_key_id\" is no word";
    if (item->secret_access_key[0] == '\0' || !is_plain(item->secret_access_key))
        return "\"secret_access_key\" is empty, or has a blank or a quote";
    if (!is_plain(item->session_token)) return "\"session_token\" has a blank or a quote";
    if (!kms_principal_read(item->principal, item->account))
        return "\"principal\" is neither the ARN of a user nor that of a role's session";
    return NULL;
}

static const char *take(kms_credential *item, const json_t *value, json_error_t *problem) {
    const char *name = NULL, *key = NULL, *secret = NULL, *token = NULL, *expires = NULL, *principal = NULL;
    int allows = 0;
    /* jansson takes a constant apart without changing it, but does not say so. */
    if (json_unpack_ex((json_t *)(uintptr_t)value, problem, 0, "{s:s, s:s, s:s, s:s, s:s, s:s, s:b !}", "name", &name,
                       "access_key_id", &key, "secret_access_key", &secret, "session_token", &token, "expires",
                       &expires, "principal", &principal, "identity_policy_allows", &allows) != 0) {
        return problem->text;
    }
    if (!take_text(item->name, sizeof item->name, name) ||
        !take_text(item->access_key_id, sizeof item->access_key_id, key) ||
        !take_text(item->secret_access_key, sizeof item->secret_access_key, secret) ||
        !take_text(item->session_token, sizeof item->session_token, token) ||
        !take_text(item->principal, sizeof item->principal, principal)) {
        return "a text is too long";
    }
    item->identity_policy_allows = allows != 0;
    if (expires[0] != '\0' && !wall_time_parse(expires, &item->expires_ms))
        return "\"expires\" is neither \"\" nor a time of RFC 3339";
    return check(item);
}

static const char *take_next(kms_credentials *credentials, const json_t *value, json_error_t *problem) {
    kms_credential *item = &credentials->items[credentials->count];
    const char *wrong = credentials->count == KMS_CREDENTIALS_MOST ? "one caller too many" : NULL;
    if (wrong == NULL) wrong = take(item, value, problem);
    if (wrong != NULL) return wrong;
    if (kms_credentials_named(credentials, item->name) != NULL) return "\"name\" is another's, too";
    if (kms_credentials_find(credentials, grille_bytes_of_text(item->access_key_id)) != NULL)
        return "\"access_key_id\" is another's, too";
    credentials->count++;
    return NULL;
}

kms_credentials *kms_credentials_read(const char *folder, grille_error *error) {
    json_t *list = kms_json_read(folder, KMS_CREDENTIALS_FILE, error), *value = NULL;
    kms_credentials *credentials = calloc(1, sizeof *credentials);
    json_error_t problem;
    const char *wrong = NULL;
    size_t index = 0;
    if (list == NULL || credentials == NULL) {
        if (list != NULL) (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
        json_decref(list);
        free(credentials);
        return NULL;
    }
    if (!json_is_array(list)) wrong = "it is no array";
    json_array_foreach(list, index, value) {
        wrong = take_next(credentials, value, &problem);
        if (wrong != NULL) break;
    }
    if (wrong != NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s/" KMS_CREDENTIALS_FILE ": caller %zu: %s", folder,
                               index + 1, wrong);
        kms_credentials_free(credentials);
        credentials = NULL;
    }
    json_decref(list);
    return credentials;
}

static json_t *time_text(grille_wall_ms at_ms) {
    return at_ms == 0 ? json_string("") : json_sprintf("%lld", (long long)at_ms);
}

static json_t *value_of(const kms_credential *item) {
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:b}", "name", item->name, "access_key_id", item->access_key_id,
                     "secret_access_key", item->secret_access_key, "session_token", item->session_token, "expires",
                     time_text(item->expires_ms), "principal", item->principal, "identity_policy_allows",
                     item->identity_policy_allows);
}

bool kms_credentials_write(const char *folder, const kms_credentials *credentials, grille_error *error) {
    json_t *list = json_array();
    bool whole = list != NULL, written = false;
    for (size_t i = 0; whole && i < credentials->count; i++)
        whole = json_array_append_new(list, value_of(&credentials->items[i])) == 0;
    if (whole)
        written = kms_json_put(folder, KMS_CREDENTIALS_FILE, list, error);
    else
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    json_decref(list);
    return written;
}

void kms_credentials_free(kms_credentials *credentials) {
    if (credentials != NULL) grille_wipe(credentials, sizeof *credentials);
    free(credentials);
}

const kms_credential *kms_credentials_find(const kms_credentials *credentials, grille_bytes access_key_id) {
    for (size_t i = 0; i < credentials->count; i++)
        if (grille_bytes_equal(grille_bytes_of_text(credentials->items[i].access_key_id), access_key_id))
            return &credentials->items[i];
    return NULL;
}

const kms_credential *kms_credentials_named(const kms_credentials *credentials, const char *name) {
    for (size_t i = 0; i < credentials->count; i++)
        if (strcmp(credentials->items[i].name, name) == 0) return &credentials->items[i];
    return NULL;
}
