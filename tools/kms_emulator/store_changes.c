/* SPDX-License-Identifier: Apache-2.0
 * What changes of keys: one statement each, which is a transaction of its own. */
#include "kms_emulator/store_state.h"

kms_store_result kms_store_change_state(kms_store *store, const char *id, kms_key_state from, kms_key_state to,
                                        grille_wall_ms deletion_ms) {
    store_statement statement;
    kms_store_result result;
    kms_store_lock(store);
    statement = store_prepare(store, "UPDATE keys SET state = ?, deletion_ms = ? WHERE id = ? AND state = ?");
    store_bind_number(&statement, to);
    store_bind_number(&statement, deletion_ms);
    store_bind_text(&statement, id);
    store_bind_number(&statement, from);
    result = store_change(&statement);
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_set_policy(kms_store *store, const char *id, const char *policy) {
    store_statement statement;
    kms_store_result result;
    kms_store_lock(store);
    statement = store_prepare(store, "UPDATE keys SET policy = ? WHERE id = ?");
    store_bind_text(&statement, policy);
    store_bind_text(&statement, id);
    result = store_change(&statement);
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_delete_due(kms_store *store, grille_wall_ms now_ms) {
    store_statement due;
    kms_store_result result;
    bool any;
    kms_store_lock(store);
    /* Looks first: a statement that deletes takes the file's lock whether there is something to delete or not. */
    due = store_prepare(store, "SELECT 1 FROM keys WHERE state = 2 AND deletion_ms <= ? LIMIT 1");
    store_bind_number(&due, now_ms);
    any = store_step(&due);
    result = store_end(&due);
    if (result == KMS_STORE_OK && any) {
        due = store_prepare(store, "DELETE FROM keys WHERE state = 2 AND deletion_ms <= ?");
        store_bind_number(&due, now_ms);
        result = store_change(&due);
        if (result == KMS_STORE_NOT_FOUND) result = KMS_STORE_OK;
    }
    kms_store_unlock(store);
    return result;
}

kms_store_result kms_store_create_alias(kms_store *store, const char *account, const char *name, const char *key_id,
                                        grille_wall_ms now_ms) {
    store_statement statement;
    kms_store_result result;
    kms_store_lock(store);
    statement = store_prepare(store, "INSERT INTO aliases VALUES (?, ?, ?, ?)");
    store_bind_text(&statement, account);
    store_bind_text(&statement, name);
    store_bind_text(&statement, key_id);
    store_bind_number(&statement, now_ms);
    result = store_change(&statement);
    kms_store_unlock(store);
    return result;
}
