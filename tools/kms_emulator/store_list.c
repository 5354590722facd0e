/* SPDX-License-Identifier: Apache-2.0
 * Lists, a part at a time. */
#include <stdio.h>

#include "kms_emulator/store_state.h"

kms_store_result kms_store_list_keys(kms_store *store, const char *account, const char *after,
                                     char (*ids)[KMS_KEY_ID_BYTES], size_t capacity, size_t *count) {
    store_statement statement;
    kms_store_result result;
    *count = 0;
    kms_store_lock(store);
    statement = store_prepare(store, "SELECT id FROM keys WHERE account = ? AND id > ? ORDER BY id LIMIT ?");
    store_bind_text(&statement, account);
    store_bind_text(&statement, after);
    store_bind_number(&statement, (int64_t)capacity);
    while (*count < capacity && store_step(&statement))
        store_read_text(&statement, 0, ids[(*count)++], KMS_KEY_ID_BYTES);
    result = store_end(&statement);
    kms_store_unlock(store);
    return result;
}

static void read_alias(store_statement *statement, const char *account, const char *region, kms_alias *alias) {
    store_read_text(statement, 0, alias->name, sizeof alias->name);
    store_read_text(statement, 1, alias->key_id, sizeof alias->key_id);
    alias->created_ms = store_read_number(statement, 2);
    (void)snprintf(alias->arn, sizeof alias->arn, "arn:aws:kms:%s:%s:%s", region, account, alias->name);
}

kms_store_result kms_store_list_aliases(kms_store *store, const char *account, const char *region, const char *key_id,
                                        const char *after, kms_alias *aliases, size_t capacity, size_t *count) {
    store_statement statement;
    kms_store_result result;
    *count = 0;
    kms_store_lock(store);
    statement = store_prepare(store, "SELECT name, key_id, created_ms FROM aliases"
                                     " WHERE account = ?1 AND name > ?2 AND (?3 IS NULL OR key_id = ?3)"
                                     " ORDER BY name LIMIT ?4");
    store_bind_text(&statement, account);
    store_bind_text(&statement, after);
    store_bind_text(&statement, key_id);
    store_bind_number(&statement, (int64_t)capacity);
    while (*count < capacity && store_step(&statement))
        read_alias(&statement, account, region, &aliases[(*count)++]);
    result = store_end(&statement);
    kms_store_unlock(store);
    return result;
}
