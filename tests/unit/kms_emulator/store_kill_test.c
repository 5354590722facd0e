/* SPDX-License-Identifier: Apache-2.0
 * What a kill leaves: of a process that is killed in the middle of any of its writes to the disk, and of one that is
 * killed at some moment, all that was said to be done is there, and no half of anything. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "kms_emulator/store.h"

#define ACCOUNT "111122223333"
#define NOW_MS  1000

/* What the writer told of a step after it was done. */
typedef struct note {
    unsigned step;
    char id[KMS_KEY_ID_BYTES];
    uint8_t secret[KMS_SECRET_BYTES];
} note;

static char folder[32];
static char path[64];

static int setup(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/kms_kill_XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/keys.sqlite", folder);
    return 0;
}

static void remove_store(void) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[96];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

static int teardown(void **state) {
    (void)state;
    remove_store();
    return rmdir(folder);
}

/* ---- the writer, which dies at its nth change of a file ---- */

static unsigned changes_left; /* 0: it lives */

/* True once, for the change that is to be half done. */
static bool dies_now(void) {
    return changes_left != 0 && --changes_left == 0;
}

static void die(void) {
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static ssize_t dying_pwrite(int file, const void *bytes, size_t len, off_t at) {
    if (dies_now()) {
        (void)!pwrite(file, bytes, len / 2, at);
        die();
    }
    return pwrite(file, bytes, len, at);
}

static int dying_ftruncate(int file, off_t len) {
    if (dies_now()) die();
    return ftruncate(file, len);
}

static int dying_unlink(const char *name) {
    if (dies_now()) die();
    return unlink(name);
}

/* In place of libc's, for SQLite too. What a kill leaves does not depend on them, and disks are slow; but what is told
 * must have been sent to the disk before. */
static unsigned syncs;

int fsync(int file) {
    (void)file;
    syncs++;
    return 0;
}

int fdatasync(int file) {
    return fsync(file);
}

static bool replace(const char *name, sqlite3_syscall_ptr call) {
    sqlite3_vfs *files = sqlite3_vfs_find(NULL);
    return files->xSetSystemCall(files, name, call) == SQLITE_OK;
}

static void make_mortal(unsigned changes) {
    changes_left = changes;
    if (!replace("pwrite64", (sqlite3_syscall_ptr)dying_pwrite) ||
        !replace("pwrite", (sqlite3_syscall_ptr)dying_pwrite) ||
        !replace("ftruncate", (sqlite3_syscall_ptr)dying_ftruncate) ||
        !replace("unlink", (sqlite3_syscall_ptr)dying_unlink))
        _exit(2);
}

static bool create(kms_store *store, char id[KMS_KEY_ID_BYTES]) {
    /* A policy of several pages, so that the first half of a key is on the disk before the other. */
    static char policy[9000];
    const kms_key_spec spec = {
        .account = ACCOUNT, .region = "r", .description = "", .policy = policy, .now_ms = NOW_MS};
    kms_key key;
    memset(policy, ' ', sizeof policy - 1);
    if (kms_store_create_key(store, &spec, &key) != KMS_STORE_OK) return false;
    memcpy(id, key.id, sizeof key.id);
    kms_key_clear(&key);
    return true;
}

static void tell(int to, kms_store *store, unsigned step, const char *id) {
    static unsigned syncs_before;
    note told = {.step = step};
    if (syncs == syncs_before) _exit(14);
    syncs_before = syncs;
    (void)snprintf(told.id, sizeof told.id, "%s", id);
    if (kms_store_secret(store, id, 1, told.secret) == KMS_STORE_FAILED) _exit(3);
    if (write(to, &told, sizeof told) != (ssize_t)sizeof told) _exit(4);
}

enum { FIRST, ALIAS, ROTATED, SECOND, DISABLED, POLICY, PENDING, GONE, STEPS };

static void run_steps(int to) {
    kms_store *store;
    grille_error error;
    char first[KMS_KEY_ID_BYTES], second[KMS_KEY_ID_BYTES];
    if (kms_store_open(path, &store, &error) != GRILLE_REASON_OK) _exit(5);
    if (!create(store, first)) _exit(6);
    tell(to, store, FIRST, first);
    if (kms_store_create_alias(store, ACCOUNT, "alias/a", first, NOW_MS) != KMS_STORE_OK) _exit(7);
    tell(to, store, ALIAS, first);
    if (kms_store_rotate_key(store, first) != KMS_STORE_OK) _exit(8);
    tell(to, store, ROTATED, first);
    if (!create(store, second)) _exit(9);
    tell(to, store, SECOND, second);
    if (kms_store_change_state(store, first, KMS_KEY_ENABLED, KMS_KEY_DISABLED, 0) != KMS_STORE_OK) _exit(10);
    tell(to, store, DISABLED, first);
    if (kms_store_set_policy(store, first, "{}") != KMS_STORE_OK) _exit(11);
    tell(to, store, POLICY, first);
    if (kms_store_change_state(store, second, KMS_KEY_ENABLED, KMS_KEY_PENDING_DELETION, NOW_MS) != KMS_STORE_OK)
        _exit(12);
    tell(to, store, PENDING, second);
    if (kms_store_delete_due(store, NOW_MS) != KMS_STORE_OK) _exit(13);
    tell(to, store, GONE, first);
    kms_store_close(store);
    _exit(0);
}

/* ---- who looks at what is left ---- */

/* Starts `run` in a child; what it tells is read from the result. */
static int start(void (*run)(int to), unsigned changes, pid_t *child) {
    int ends[2];
    assert_int_equal(0, pipe(ends));
    *child = fork();
    assert_true(*child >= 0);
    if (*child == 0) {
        (void)close(ends[0]);
        make_mortal(changes);
        run(ends[1]);
        _exit(1);
    }
    assert_int_equal(0, close(ends[1]));
    return ends[0];
}

/* True: it ended by itself, and well. */
static bool reap(pid_t child) {
    int status;
    assert_int_equal(child, waitpid(child, &status, 0));
    if (WIFSIGNALED(status)) {
        assert_int_equal(SIGKILL, WTERMSIG(status));
        return false;
    }
    assert_int_equal(0, WEXITSTATUS(status));
    return true;
}

static void assert_key(kms_store *store, const note *told, kms_key *key) {
    uint8_t secret[KMS_SECRET_BYTES];
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store, told->id, key));
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store, told->id, 1, secret));
    assert_memory_equal(told->secret, secret, sizeof secret);
}

/* The file is whole, every key in it has its secret, and it takes another one. */
static void assert_whole(kms_store *store) {
    char ids[KMS_LISTED_KEYS][KMS_KEY_ID_BYTES];
    char id[KMS_KEY_ID_BYTES];
    size_t count;
    kms_key key;
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(KMS_STORE_OK, kms_store_list_keys(store, ACCOUNT, "", ids, KMS_LISTED_KEYS, &count));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(KMS_STORE_OK, kms_store_find_key(store, ids[i], &key));
        assert_true(key.generation >= 1);
        kms_key_clear(&key);
    }
    assert_true(create(store, id));
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(statement));
    assert_string_equal("ok", (const char *)sqlite3_column_text(statement, 0));
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &statement, NULL));
    assert_int_equal(SQLITE_DONE, sqlite3_step(statement));
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* Of the first key: at least what the steps that were told did to it. */
static void assert_first(kms_store *store, const note told[STEPS], unsigned count) {
    kms_key key;
    if (count <= FIRST) return;
    assert_key(store, &told[FIRST], &key);
    if (count > ROTATED) assert_int_equal(2, key.generation);
    if (count > DISABLED) assert_int_equal(KMS_KEY_DISABLED, key.state);
    if (count > POLICY) assert_string_equal("{}", key.policy);
    kms_key_clear(&key);
    if (count <= ALIAS) return;
    assert_int_equal(KMS_STORE_OK, kms_store_find_alias(store, ACCOUNT, "alias/a", &key));
    assert_string_equal(told[FIRST].id, key.id);
    kms_key_clear(&key);
}

static void assert_second(kms_store *store, const note told[STEPS], unsigned count) {
    kms_key key;
    if (count <= SECOND) return;
    if (count > GONE) {
        assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_find_key(store, told[SECOND].id, &key));
    } else if (count > PENDING) { /* it was about to go */
        if (kms_store_find_key(store, told[SECOND].id, &key) != KMS_STORE_OK) return;
        assert_int_equal(KMS_KEY_PENDING_DELETION, key.state);
        kms_key_clear(&key);
    } else {
        assert_key(store, &told[SECOND], &key);
        kms_key_clear(&key);
    }
}

static void test_it_is_killed_at_each_write(void **state) {
    unsigned deaths = 0;
    unsigned most_told = 0;
    (void)state;
    for (bool lived = false; !lived; deaths += lived ? 0 : 1) {
        note told[STEPS];
        unsigned count = 0;
        pid_t child;
        kms_store *store;
        grille_error error;
        const int from = start(run_steps, deaths + 1, &child);
        while (count < STEPS && read(from, &told[count], sizeof told[0]) == (ssize_t)sizeof told[0]) {
            assert_int_equal(count, told[count].step);
            count++;
        }
        lived = reap(child);
        assert_int_equal(0, close(from));
        if (lived) assert_int_equal(STEPS, count);
        if (count > most_told && !lived) most_told = count;
        assert_int_equal(GRILLE_REASON_OK, kms_store_open(path, &store, &error));
        assert_first(store, told, count);
        assert_second(store, told, count);
        assert_whole(store);
        kms_store_close(store);
        remove_store();
    }
    assert_true(deaths > 40);           /* it has as many writes as that */
    assert_int_equal(STEPS, most_told); /* and the last of them after the last step */
    print_message("killed at each of %u changes of its files\n", deaths);
}

/* ---- at some moment ---- */

#define ROUNDS 12

static void run_for_ever(int to) {
    kms_store *store;
    grille_error error;
    char id[KMS_KEY_ID_BYTES];
    if (kms_store_open(path, &store, &error) != GRILLE_REASON_OK) _exit(5);
    for (unsigned step = 0;; step++) {
        if (!create(store, id)) _exit(6);
        tell(to, store, step, id);
    }
}

static void test_it_is_killed_at_some_moment(void **state) {
    static note told[ROUNDS * 16];
    size_t count = 0;
    kms_store *store;
    grille_error error;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t child;
        const int from = start(run_for_ever, 0, &child);
        const size_t enough = count + 1 + round % 5;
        note last;
        while (count < enough && read(from, &told[count], sizeof told[0]) == (ssize_t)sizeof told[0])
            count++;
        assert_int_equal(enough, count);
        assert_int_equal(0, kill(child, SIGKILL));
        assert_false(reap(child));
        /* What it told in the meantime counts, too, or some of it. */
        while (count < enough + 8 && read(from, &last, sizeof last) == (ssize_t)sizeof last)
            told[count++] = last;
        assert_int_equal(0, close(from));
    }
    assert_int_equal(GRILLE_REASON_OK, kms_store_open(path, &store, &error));
    for (size_t i = 0; i < count; i++) {
        kms_key key;
        assert_key(store, &told[i], &key);
        kms_key_clear(&key);
    }
    assert_whole(store);
    kms_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_killed_at_each_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_is_killed_at_some_moment, setup, teardown),
    };
    return cmocka_run_group_tests_name("store_kill", tests, NULL, NULL);
}
