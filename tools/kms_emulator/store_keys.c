/* SPDX-License-Identifier: Apache-2.0
 * Keys and their secrets. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_emulator/identifier.h"
#include "kms_emulator/store_state.h"

#define KEY_COLUMNS                                                                                                    \
    "keys.id, keys.account, region, state, usage, keys.created_ms, deletion_ms, description, policy,"                  \
    " (SELECT max(generation) FROM secrets WHERE secrets.key_id = keys.id)"

void kms_key_clear(kms_key *key) {
    if (key == NULL) return;
    free(key->description);
    free(key->policy);
    *key = (kms_key){.description = NULL};
}

static void read_key(store_statement *statement, kms_key *key) {
    char region[KMS_REGION_BYTES];
    store_read_text(statement, 0, key->id, sizeof key->id);
    store_read_text(statement, 1, key->account, sizeof key->account);
    store_read_text(statement, 2, region, sizeof region);
    key->state = (kms_key_state)store_read_number(statement, 3);
    key->usage = (kms_key_usage)store_read_number(statement, 4);
    key->created_ms = store_read_number(statement, 5);
    key->deletion_ms = store_read_number(statement, 6);
    key->description = store_copy_text(statement, 7);
    key->policy = store_copy_text(statement, 8);
    key->generation = (unsigned)store_read_number(statement, 9);
    (void)snprintf(key->arn, sizeof key->arn, "arn:aws:kms:%s:%s:key/%s", region, key->account, key->id);
}

/* The one row of a statement whose parameters are bound. */
static kms_store_result read_one(store_statement *statement, kms_key *key) {
    kms_key read = {.description = NULL};
    const bool found = store_step(statement);
    kms_store_result result;
    if (found) read_key(statement, &read);
    result = store_end(statement);
    if (result == KMS_STORE_OK && !found) result = KMS_STORE_NOT_FOUND;
    if (result == KMS_STORE_OK) {
        *key = read;
    } else {
        kms_key_clear(&read);
    }
    return result;
}

static kms_store_result find_key(kms_store *store, const char *id, kms_key *key) {
    store_statement statement = store_prepare(store, "SELECT " KEY_COLUMNS " FROM keys WHERE id = ?");
    store_bind_text(&statement, id);
    return read_one(&statement, key);
}

kms_store_result kms_store_find_key(kms_store *store, const char *id, kms_key *key) {
    kms_store_result result;
    kms_store_lock(store);
    result = find_key(store, id, key);
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_find_alias(kms_store *store, const char *account, const char *name, kms_key *key) {
    store_statement statement;
    kms_store_result result;
    kms_store_lock(store);
    statement = store_prepare(store, "SELECT " KEY_COLUMNS " FROM aliases JOIN keys ON keys.id = aliases.key_id"
                                     " WHERE aliases.account = ? AND aliases.name = ?");
    store_bind_text(&statement, account);
    store_bind_text(&statement, name);
    result = read_one(&statement, key);
    kms_store_unlock(store);
    return result;
}

static kms_store_result insert_key(kms_store *store, const kms_key_spec *spec, const char *id) {
    store_statement statement = store_prepare(store, "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)");
    store_bind_text(&statement, id);
    store_bind_text(&statement, spec->account);
    store_bind_text(&statement, spec->region);
    store_bind_number(&statement, KMS_KEY_ENABLED);
    store_bind_number(&statement, spec->usage);
    store_bind_number(&statement, spec->now_ms);
    store_bind_text(&statement, spec->description);
    store_bind_text(&statement, spec->policy);
    return store_change(&statement);
}

/* The next generation of a key that is there. */
static kms_store_result insert_secret(kms_store *store, const char *id) {
    uint8_t secret[KMS_SECRET_BYTES];
    kms_store_result result = KMS_STORE_FAILED;
    if (RAND_priv_bytes(secret, sizeof secret) == 1) {
        store_statement statement =
            store_prepare(store, "INSERT INTO secrets SELECT id,"
                                 " 1 + coalesce((SELECT max(generation) FROM secrets WHERE key_id = keys.id), 0), ?"
                                 " FROM keys WHERE id = ?");
        store_bind_secret(&statement, secret);
        store_bind_text(&statement, id);
        result = store_change(&statement);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    return result;
}

static kms_store_result create_key(kms_store *store, const kms_key_spec *spec, const char *id, kms_key *key) {
    kms_store_result result = store_begin(store);
    if (result != KMS_STORE_OK) return result;
    result = insert_key(store, spec, id);
    if (result == KMS_STORE_OK) result = insert_secret(store, id);
    if (result == KMS_STORE_OK) result = find_key(store, id, key);
    result = store_finish(store, result);
    if (result != KMS_STORE_OK) kms_key_clear(key);
    return result;
}

kms_store_result kms_store_create_key(kms_store *store, const kms_key_spec *spec, kms_key *key) {
    char id[KMS_KEY_ID_BYTES];
    kms_store_result result;
    *key = (kms_key){.description = NULL};
    if (spec->id == NULL && !kms_uuid_make(id)) return KMS_STORE_FAILED;
    kms_store_lock(store);
    result = create_key(store, spec, spec->id == NULL ? id : spec->id, key);
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_rotate_key(kms_store *store, const char *id) {
    kms_store_result result;
    kms_store_lock(store);
    result = insert_secret(store, id);
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_secret(kms_store *store, const char *id, unsigned generation,
                                  uint8_t secret[KMS_SECRET_BYTES]) {
    store_statement statement;
    kms_store_result result;
    bool found = false;
    kms_store_lock(store);
    statement = store_prepare(store, "SELECT secret FROM secrets WHERE key_id = ?1 AND (generation = ?2 OR ?2 = 0)"
                                     " ORDER BY generation DESC LIMIT 1");
    store_bind_text(&statement, id);
    store_bind_number(&statement, generation);
    if (store_step(&statement)) {
        found = true;
        store_read_secret(&statement, 0, secret);
    }
    result = store_end(&statement);
    kms_store_unlock(store);
    return result == KMS_STORE_OK && !found ? KMS_STORE_NOT_FOUND : result;
}
