/* SPDX-License-Identifier: Apache-2.0
 * Statements of SQL, and transactions of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_emulator/store_state.h"

static _Thread_local char problem[256];

const char *kms_store_problem(void) {
    return problem;
}

static kms_store_result result_of(int code) {
    switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return KMS_STORE_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return KMS_STORE_NOT_FOUND;
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return KMS_STORE_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return KMS_STORE_DAMAGED;
    default:
        return KMS_STORE_FAILED;
    }
}

kms_store_result store_failed(kms_store *store) {
    (void)snprintf(problem, sizeof problem, "%s", sqlite3_errmsg(store->db));
    return result_of(sqlite3_extended_errcode(store->db));
}

static void fail(store_statement *statement) {
    if (statement->result == KMS_STORE_OK) statement->result = store_failed(statement->store);
}

static void damaged(store_statement *statement, int column) {
    (void)snprintf(problem, sizeof problem, "column %s is not of its form",
                   sqlite3_column_name(statement->statement, column));
    if (statement->result == KMS_STORE_OK) statement->result = KMS_STORE_DAMAGED;
}

store_statement store_prepare(kms_store *store, const char *sql) {
    store_statement statement = {.store = store};
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement.statement, NULL) != SQLITE_OK) fail(&statement);
    return statement;
}

void store_bind_text(store_statement *statement, const char *text) {
    if (statement->result == KMS_STORE_OK &&
        sqlite3_bind_text(statement->statement, ++statement->parameters, text, -1, SQLITE_STATIC) != SQLITE_OK)
        fail(statement);
}

void store_bind_number(store_statement *statement, int64_t number) {
    if (statement->result == KMS_STORE_OK &&
        sqlite3_bind_int64(statement->statement, ++statement->parameters, number) != SQLITE_OK)
        fail(statement);
}

void store_bind_secret(store_statement *statement, const uint8_t secret[KMS_SECRET_BYTES]) {
    if (statement->result == KMS_STORE_OK && sqlite3_bind_blob(statement->statement, ++statement->parameters, secret,
                                                               KMS_SECRET_BYTES, SQLITE_STATIC) != SQLITE_OK)
        fail(statement);
}

bool store_step(store_statement *statement) {
    int code;
    if (statement->result != KMS_STORE_OK) return false;
    code = sqlite3_step(statement->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail(statement);
    return code == SQLITE_ROW;
}

void store_read_text(store_statement *statement, int column, char *text, size_t capacity) {
    const char *found = (const char *)sqlite3_column_text(statement->statement, column);
    text[0] = '\0';
    if (found == NULL || strlen(found) >= capacity) {
        damaged(statement, column);
        return;
    }
    (void)snprintf(text, capacity, "%s", found);
}

int64_t store_read_number(store_statement *statement, int column) {
    if (sqlite3_column_type(statement->statement, column) != SQLITE_INTEGER) damaged(statement, column);
    return sqlite3_column_int64(statement->statement, column);
}

void store_read_secret(store_statement *statement, int column, uint8_t secret[KMS_SECRET_BYTES]) {
    const void *found = sqlite3_column_blob(statement->statement, column);
    if (found == NULL || sqlite3_column_bytes(statement->statement, column) != KMS_SECRET_BYTES) {
        damaged(statement, column);
        return;
    }
    memcpy(secret, found, KMS_SECRET_BYTES);
}

char *store_copy_text(store_statement *statement, int column) {
    const char *found = (const char *)sqlite3_column_text(statement->statement, column);
    char *copy = found == NULL ? NULL : strdup(found);
    if (copy == NULL) damaged(statement, column);
    return copy;
}

kms_store_result store_end(store_statement *statement) {
    (void)sqlite3_finalize(statement->statement); /* repeats what the step said */
    statement->statement = NULL;
    return statement->result;
}

kms_store_result store_change(store_statement *statement) {
    kms_store_result result;
    while (store_step(statement))
        continue;
    result = store_end(statement);
    if (result == KMS_STORE_OK && sqlite3_changes(statement->store->db) == 0) return KMS_STORE_NOT_FOUND;
    return result;
}

/* Immediate: who waits for another process waits here, and not in the middle. */
kms_store_result store_begin(kms_store *store) {
    if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) return store_failed(store);
    return KMS_STORE_OK;
}

kms_store_result store_finish(kms_store *store, kms_store_result made) {
    if (made == KMS_STORE_OK && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        made = store_failed(store);
    if (made != KMS_STORE_OK) (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return made;
}
