/* SPDX-License-Identifier: Apache-2.0
 * The file: opened, made, closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "kms_emulator/store_state.h"

void kms_store_lock(kms_store *store) {
    (void)pthread_mutex_lock(&store->lock);
}

void kms_store_unlock(kms_store *store) {
    (void)pthread_mutex_unlock(&store->lock);
}

static grille_reason refuse(kms_store *store, const char *path, grille_error *error) {
    const bool foreign = store_failed(store) == KMS_STORE_DAMAGED;
    return grille_error_set(error, foreign ? GRILLE_REASON_BAD_ARGUMENT : GRILLE_REASON_SYSTEM,
                            "%s: SQLite says \"%s\"; expected a file of keys that this program made", path,
                            kms_store_problem());
}

/* SQLite makes its file by the umask, and the ones beside it by the mode of the first. */
static grille_reason make_file(const char *path, grille_error *error) {
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (file < 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "%s can't be opened for writing: %s", path,
                                strerror(errno));
    }
    (void)close(file);
    return GRILLE_REASON_OK;
}

/* While another process makes the same file, SQLite does not wait for it here. */
static bool use_wal(sqlite3 *db) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (unsigned tries = 0;; tries++) {
        const int code = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK) return true;
        if (code != SQLITE_BUSY || tries == KMS_STORE_BUSY_MS / 10) return false;
        (void)nanosleep(&pause, NULL);
    }
}

/* FULL: in WAL mode, a transaction that is told of is on the disk. */
static bool configure(sqlite3 *db) {
    return sqlite3_extended_result_codes(db, 1) == SQLITE_OK &&
           sqlite3_busy_timeout(db, KMS_STORE_BUSY_MS) == SQLITE_OK &&
           sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL) == SQLITE_OK && use_wal(db) &&
           sqlite3_exec(db,
                        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                        "PRAGMA trusted_schema = OFF",
                        NULL, NULL, NULL) == SQLITE_OK;
}

static grille_reason open_database(kms_store *store, const char *path, grille_error *error) {
    /* The store's own lock lets one thread in at a time. */
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK || !configure(store->db))
        return refuse(store, path, error);
    return store_prepare_schema(store, path, error);
}

grille_reason kms_store_open(const char *path, kms_store **store, grille_error *error) {
    grille_reason reason = make_file(path, error);
    kms_store *made;
    *store = NULL;
    if (reason != GRILLE_REASON_OK) return reason;
    made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "there is no memory for the store of keys");
    }
    reason = open_database(made, path, error);
    if (reason != GRILLE_REASON_OK) {
        kms_store_close(made);
        return reason;
    }
    *store = made;
    return GRILLE_REASON_OK;
}

void kms_store_close(kms_store *store) {
    if (store == NULL) return;
    (void)sqlite3_close(store->db);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}
