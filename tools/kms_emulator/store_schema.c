/* SPDX-License-Identifier: Apache-2.0
 * The tables. */
#include "base/error.h"
#include "kms_emulator/store_state.h"

/* "GRKS" in the file's header: whose file it is. */
#define APPLICATION      1196575571
#define VERSION          1
#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

static const char tables[] = "CREATE TABLE keys ("
                             " id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),"
                             " account TEXT NOT NULL CHECK (length(account) = 12),"
                             " region TEXT NOT NULL,"
                             " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),"
                             " usage INTEGER NOT NULL CHECK (usage BETWEEN 0 AND 1),"
                             " created_ms INTEGER NOT NULL,"
                             " deletion_ms INTEGER NOT NULL CHECK ((deletion_ms <> 0) = (state = 2)),"
                             " description TEXT NOT NULL,"
                             " policy TEXT NOT NULL"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE INDEX keys_by_account ON keys (account, id);"
                             "CREATE INDEX keys_due ON keys (deletion_ms) WHERE state = 2;"
                             "CREATE TABLE secrets ("
                             " key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,"
                             " generation INTEGER NOT NULL CHECK (generation > 0),"
                             " secret BLOB NOT NULL,"
                             " PRIMARY KEY (key_id, generation)"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE TABLE aliases ("
                             " account TEXT NOT NULL,"
                             " name TEXT NOT NULL,"
                             " key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,"
                             " created_ms INTEGER NOT NULL,"
                             " PRIMARY KEY (account, name)"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE INDEX aliases_of_key ON aliases (key_id);"
                             "PRAGMA application_id = " TEXT_OF(APPLICATION) ";"
                                                                             "PRAGMA user_version = " TEXT_OF(VERSION);

typedef struct schema_facts {
    int64_t application;
    int64_t version;
    int64_t tables;
} schema_facts;

static kms_store_result read_facts(kms_store *store, schema_facts *facts) {
    store_statement statement =
        store_prepare(store, "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                             " FROM pragma_application_id, pragma_user_version");
    *facts = (schema_facts){.version = 0};
    if (store_step(&statement)) {
        facts->application = store_read_number(&statement, 0);
        facts->version = store_read_number(&statement, 1);
        facts->tables = store_read_number(&statement, 2);
    }
    return store_end(&statement);
}

/* Looks again inside the transaction: another process may have been first. */
static kms_store_result make_tables(kms_store *store, schema_facts *facts) {
    kms_store_result result = store_begin(store);
    if (result != KMS_STORE_OK) return result;
    result = read_facts(store, facts);
    if (result == KMS_STORE_OK && facts->tables == 0 && facts->application == 0 &&
        sqlite3_exec(store->db, tables, NULL, NULL, NULL) != SQLITE_OK)
        result = store_failed(store);
    if (result == KMS_STORE_OK) result = read_facts(store, facts);
    return store_finish(store, result);
}

grille_reason store_prepare_schema(kms_store *store, const char *path, grille_error *error) {
    schema_facts facts;
    kms_store_result result = read_facts(store, &facts);
    if (result == KMS_STORE_OK && facts.tables == 0) result = make_tables(store, &facts);
    if (result != KMS_STORE_OK) {
        return grille_error_set(error, result == KMS_STORE_DAMAGED ? GRILLE_REASON_BAD_ARGUMENT : GRILLE_REASON_SYSTEM,
                                "%s: SQLite says \"%s\"; expected a file of keys that this program made", path,
                                kms_store_problem());
    }
    if (facts.application != APPLICATION) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "%s is a database of another program; expected a file of keys that this one made",
                                path);
    }
    if (facts.version != VERSION) {
        return grille_error_set(
            error, GRILLE_REASON_BAD_ARGUMENT,
            "%s is of version %lld, expected " TEXT_OF(VERSION) ": another release of this program made it", path,
            (long long)facts.version);
    }
    return GRILLE_REASON_OK;
}
