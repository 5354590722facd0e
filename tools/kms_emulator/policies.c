/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policies.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/folder.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policy.h"

static const char suffix[] = ".json";

static bool store_failed(kms_store_result result, const char *id, grille_error *error) {
    if (result == KMS_STORE_NOT_FOUND)
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "there is no key %s", id);
    else
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "the store: %s", kms_store_problem());
    return false;
}

static void name_file(const char *id, char name[KMS_KEY_ID_BYTES + 32]) {
    (void)snprintf(name, KMS_KEY_ID_BYTES + 32, KMS_POLICIES_FOLDER "/%s%s", id, suffix);
}

bool kms_policies_save(const char *folder, kms_store *store, const char *id, grille_error *error) {
    char name[KMS_KEY_ID_BYTES + 32];
    kms_key key = {.policy = NULL};
    const kms_store_result result = kms_store_find_key(store, id, &key);
    bool saved = false;
    if (result != KMS_STORE_OK) return store_failed(result, id, error);
    name_file(key.id, name);
    saved = kms_file_put(folder, name, grille_bytes_of_text(key.policy), error);
    kms_key_clear(&key);
    return saved;
}

static bool is_policy(grille_bytes text, grille_error *error) {
    key_policy *policy = key_policy_parse(text, error);
    const bool parsed = policy != NULL;
    key_policy_free(policy);
    return parsed;
}

/* Into the store, where it says something else. The text is terminated. */
static bool take(kms_store *store, const char *id, const char *text, grille_error *error) {
    kms_key key = {.policy = NULL};
    kms_store_result result = kms_store_find_key(store, id, &key);
    const bool differs = result == KMS_STORE_OK && strcmp(key.policy, text) != 0;
    if (differs && !is_policy(grille_bytes_of_text(text), error)) {
        kms_key_clear(&key);
        return false;
    }
    if (differs) result = kms_store_set_policy(store, id, text);
    kms_key_clear(&key);
    return result == KMS_STORE_OK || store_failed(result, id, error);
}

bool kms_policies_put(const char *folder, kms_store *store, const char *id, grille_bytes policy, grille_error *error) {
    char *text = kms_text_of(policy);
    int lock = -1;
    bool done = false;
    if (text == NULL)
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    else if (is_policy(policy, error) && (lock = kms_folder_lock(folder, error)) >= 0)
        done = take(store, id, text, error) && kms_policies_save(folder, store, id, error);
    if (lock >= 0) kms_folder_unlock(lock);
    free(text);
    return done;
}

/* One file. False: only where the store fails. */
static bool take_file(const char *place, const char *name, kms_store *store, grille_error *error) {
    const size_t len = strlen(name), suffix_len = strlen(suffix);
    char path[PATH_MAX], id[KMS_KEY_ID_BYTES] = "";
    grille_error problem = {0};
    size_t text_len = 0;
    char *text = NULL;
    bool taken = false;
    if (!kms_path_join(path, place, name, error)) return false;
    if (len > suffix_len && len - suffix_len < sizeof id && strcmp(name + len - suffix_len, suffix) == 0)
        memcpy(id, name, len - suffix_len);
    text = kms_file_read(path, &text_len, &problem);
    if (text != NULL && strlen(text) != text_len)
        (void)grille_error_set(&problem, GRILLE_REASON_BAD_ARGUMENT, "it has a zero byte");
    else
        taken = text != NULL && take(store, id, text, &problem);
    free(text);
    if (taken || problem.code != GRILLE_INVALID_ARGUMENT) {
        if (!taken) *error = problem;
        return taken;
    }
    (void)fprintf(stderr, "%s: %s: %s; it is passed over\n", program_invocation_short_name, path, problem.text);
    return true;
}

static bool take_files(const char *place, kms_store *store, grille_error *error) {
    const struct dirent *entry = NULL;
    DIR *entries = opendir(place);
    bool whole = entries != NULL;
    if (!whole) (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't read %s: %s", place, strerror(errno));
    while (whole && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.') whole = take_file(place, entry->d_name, store, error);
    if (entries != NULL) (void)closedir(entries);
    return whole;
}

/* A kill between the store and the file leaves a key without one. */
static bool add_missing(const char *folder, kms_store *store, const char *account, grille_error *error) {
    char(*ids)[KMS_KEY_ID_BYTES] = calloc(KMS_LISTED_KEYS, sizeof *ids);
    char after[KMS_KEY_ID_BYTES] = "", name[KMS_KEY_ID_BYTES + 32], path[PATH_MAX];
    kms_store_result result = KMS_STORE_OK;
    size_t count = KMS_LISTED_KEYS;
    bool whole = ids != NULL;
    while (whole && count == KMS_LISTED_KEYS) {
        result = kms_store_list_keys(store, account, after, ids, KMS_LISTED_KEYS, &count);
        whole = result == KMS_STORE_OK || store_failed(result, "", error);
        for (size_t i = 0; whole && i < count; i++) {
            name_file(ids[i], name);
            whole = kms_path_join(path, folder, name, error) &&
                    (access(path, F_OK) == 0 || kms_policies_save(folder, store, ids[i], error));
        }
        if (whole && count > 0) memcpy(after, ids[count - 1], sizeof after);
    }
    free(ids);
    return whole;
}

bool kms_policies_take(const char *folder, kms_store *store, grille_error *error) {
    char place[PATH_MAX];
    const int lock = kms_folder_lock(folder, error);
    const bool taken =
        lock >= 0 && kms_path_join(place, folder, KMS_POLICIES_FOLDER, error) && take_files(place, store, error);
    if (lock >= 0) kms_folder_unlock(lock);
    return taken;
}

bool kms_policies_add_missing(const char *folder, kms_store *store, const char *account, grille_error *error) {
    const int lock = kms_folder_lock(folder, error);
    const bool added = lock >= 0 && add_missing(folder, store, account, error);
    if (lock >= 0) kms_folder_unlock(lock);
    return added;
}
