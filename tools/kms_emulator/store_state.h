/* SPDX-License-Identifier: Apache-2.0
 * What the store's parts share: statements of SQL that are bound, run and closed in one place. For store*.c only; the
 * caller holds the store's lock. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_STORE_STATE_H
#define GRILLE_TOOLS_KMS_EMULATOR_STORE_STATE_H

#include <pthread.h>
#include <sqlite3.h>

#include "kms_emulator/store.h"

struct kms_store {
    sqlite3 *db;
    pthread_mutex_t lock;
};

void kms_store_lock(kms_store *store);
void kms_store_unlock(kms_store *store);

/* One statement while it runs. It remembers its first failure: later steps do nothing. */
typedef struct store_statement {
    sqlite3_stmt *statement;
    kms_store *store;
    kms_store_result result;
    int parameters;
} store_statement;

/* Always to be ended. */
store_statement store_prepare(kms_store *store, const char *sql);

/* The next parameter, in the order of the statement. Bytes must live until the end; NULL is bound as NULL. */
void store_bind_text(store_statement *statement, const char *text);
void store_bind_number(store_statement *statement, int64_t number);
void store_bind_secret(store_statement *statement, const uint8_t secret[KMS_SECRET_BYTES]);

/* The next row; false: none, or a failure. */
bool store_step(store_statement *statement);

/* Columns of the row. A text that is not there or does not fit, or a number that is no number: DAMAGED. */
void store_read_text(store_statement *statement, int column, char *text, size_t capacity);
int64_t store_read_number(store_statement *statement, int column);
/* DAMAGED: not of this length. */
void store_read_secret(store_statement *statement, int column, uint8_t secret[KMS_SECRET_BYTES]);
/* A copy for the caller to free; NULL: DAMAGED, or no memory. */
char *store_copy_text(store_statement *statement, int column);

/* Frees it; how it went. */
kms_store_result store_end(store_statement *statement);

/* Runs it to its end; NOT_FOUND when it changed nothing. */
kms_store_result store_change(store_statement *statement);

/* What `made` of a transaction is kept when it is OK, else nothing of it. */
kms_store_result store_begin(kms_store *store);
kms_store_result store_finish(kms_store *store, kms_store_result made);

/* Notes what the database says and how it counts. */
kms_store_result store_failed(kms_store *store);

/* Makes the tables of a new file, or checks whose they are. */
GRILLE_MUST_USE grille_reason store_prepare_schema(kms_store *store, const char *path, grille_error *error);

#endif
