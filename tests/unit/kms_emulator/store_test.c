/* SPDX-License-Identifier: Apache-2.0
 * Keys in their file. What a kill leaves of it is store_kill_test.c's matter. */
#include "kms_emulator/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_tests.h"
#include "kms_emulator/store_state.h"
#include "service.h"

static kms_store *store(void) {
    return service.store;
}

static kms_key_spec spec(void) {
    return (kms_key_spec){.account = ACCOUNT,
                          .region = REGION,
                          .description = "for tests",
                          .policy = "{\"a\":\"policy\"}",
                          .now_ms = FORGE_NOW_MS};
}

static void make(const char *id, const char *account) {
    kms_key_spec wanted = spec();
    kms_key key;
    wanted.id = id;
    wanted.account = account;
    assert_int_equal(KMS_STORE_OK, kms_store_create_key(store(), &wanted, &key));
    kms_key_clear(&key);
}

#define ID(n) "0000000" #n "-0000-4000-8000-000000000000"

static void test_a_key_is_what_was_asked_for_and_stays_so(void **state) {
    kms_key_spec wanted = spec();
    kms_key key, again;
    (void)state;
    wanted.usage = KMS_KEY_GENERATE_VERIFY_MAC;
    assert_int_equal(KMS_STORE_OK, kms_store_create_key(store(), &wanted, &key));
    assert_int_equal(36, strlen(key.id));
    assert_int_equal(sizeof "arn:aws:kms:" REGION ":" ACCOUNT ":key/" - 1 + 36, strlen(key.arn));
    assert_memory_equal("arn:aws:kms:" REGION ":" ACCOUNT ":key/", key.arn, strlen(key.arn) - 36);
    assert_string_equal(key.id, key.arn + strlen(key.arn) - 36);
    service_reopen();
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), key.id, &again));
    assert_string_equal(key.id, again.id);
    assert_string_equal(key.arn, again.arn);
    assert_string_equal(ACCOUNT, again.account);
    assert_string_equal("for tests", again.description);
    assert_string_equal("{\"a\":\"policy\"}", again.policy);
    assert_int_equal(KMS_KEY_ENABLED, again.state);
    assert_int_equal(KMS_KEY_GENERATE_VERIFY_MAC, again.usage);
    assert_true(again.created_ms == FORGE_NOW_MS);
    assert_true(again.deletion_ms == 0);
    assert_int_equal(1, again.generation);
    kms_key_clear(&key);
    kms_key_clear(&again);
}

static void test_an_id_is_taken_once(void **state) {
    kms_key_spec wanted = spec();
    kms_key key;
    uint8_t before[KMS_SECRET_BYTES], after[KMS_SECRET_BYTES];
    (void)state;
    wanted.id = ID(1);
    assert_int_equal(KMS_STORE_OK, kms_store_create_key(store(), &wanted, &key));
    assert_string_equal(ID(1), key.id);
    kms_key_clear(&key);
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 0, before));
    assert_int_equal(KMS_STORE_EXISTS, kms_store_create_key(store(), &wanted, &key));
    assert_null(key.policy);
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 0, after));
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_find_key(store(), ID(2), &key));
}

static void test_what_is_no_key_is_not_kept(void **state) {
    kms_key_spec wanted = spec();
    kms_key key;
    (void)state;
    wanted.id = "short";
    assert_int_equal(KMS_STORE_FAILED, kms_store_create_key(store(), &wanted, &key));
    assert_non_null(strstr(kms_store_problem(), "length(id)"));
    wanted = spec();
    wanted.account = "1";
    assert_int_equal(KMS_STORE_FAILED, kms_store_create_key(store(), &wanted, &key));
    wanted = spec();
    wanted.policy = NULL;
    assert_int_equal(KMS_STORE_FAILED, kms_store_create_key(store(), &wanted, &key));
    /* Nor half of it: the transaction is over and others begin. */
    make(ID(1), ACCOUNT);
}

static void test_secrets_differ_and_older_ones_stay(void **state) {
    uint8_t first[KMS_SECRET_BYTES], second[KMS_SECRET_BYTES], other[KMS_SECRET_BYTES], found[KMS_SECRET_BYTES];
    kms_key key;
    (void)state;
    make(ID(1), ACCOUNT);
    make(ID(2), ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 0, first));
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(2), 0, other));
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(KMS_STORE_OK, kms_store_rotate_key(store(), ID(1)));
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 0, second));
    assert_memory_not_equal(first, second, sizeof first);
    service_reopen();
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 1, found));
    assert_memory_equal(first, found, sizeof first);
    assert_int_equal(KMS_STORE_OK, kms_store_secret(store(), ID(1), 2, found));
    assert_memory_equal(second, found, sizeof first);
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_secret(store(), ID(1), 3, found));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_secret(store(), ID(3), 0, found));
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(1), &key));
    assert_int_equal(2, key.generation);
    kms_key_clear(&key);
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_rotate_key(store(), ID(3)));
}

static void test_states_change_from_what_was_seen(void **state) {
    kms_key key;
    (void)state;
    make(ID(1), ACCOUNT);
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_change_state(store(), ID(1), KMS_KEY_DISABLED, KMS_KEY_ENABLED, 0));
    assert_int_equal(KMS_STORE_OK, kms_store_change_state(store(), ID(1), KMS_KEY_ENABLED, KMS_KEY_DISABLED, 0));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_change_state(store(), ID(2), KMS_KEY_ENABLED, KMS_KEY_DISABLED, 0));
    /* A time of deletion and the state that has one go together. */
    assert_int_equal(KMS_STORE_FAILED,
                     kms_store_change_state(store(), ID(1), KMS_KEY_DISABLED, KMS_KEY_PENDING_DELETION, 0));
    assert_int_equal(KMS_STORE_FAILED, kms_store_change_state(store(), ID(1), KMS_KEY_DISABLED, KMS_KEY_ENABLED, 7));
    assert_int_equal(KMS_STORE_OK,
                     kms_store_change_state(store(), ID(1), KMS_KEY_DISABLED, KMS_KEY_PENDING_DELETION, 1000));
    service_reopen();
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(1), &key));
    assert_int_equal(KMS_KEY_PENDING_DELETION, key.state);
    assert_true(key.deletion_ms == 1000);
    kms_key_clear(&key);
}

static void test_policies_are_replaced(void **state) {
    kms_key key;
    (void)state;
    make(ID(1), ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_set_policy(store(), ID(1), "{}"));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_set_policy(store(), ID(2), "{}"));
    service_reopen();
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(1), &key));
    assert_string_equal("{}", key.policy);
    kms_key_clear(&key);
}

static void test_keys_go_when_their_time_comes(void **state) {
    kms_key key;
    uint8_t secret[KMS_SECRET_BYTES];
    size_t count;
    kms_alias alias;
    (void)state;
    make(ID(1), ACCOUNT);
    make(ID(2), ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), ACCOUNT, "alias/a", ID(1), 0));
    assert_int_equal(KMS_STORE_OK, kms_store_delete_due(store(), INT64_MAX)); /* none is to go */
    assert_int_equal(KMS_STORE_OK,
                     kms_store_change_state(store(), ID(1), KMS_KEY_ENABLED, KMS_KEY_PENDING_DELETION, 1000));
    assert_int_equal(KMS_STORE_OK, kms_store_delete_due(store(), 999));
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(1), &key));
    kms_key_clear(&key);
    assert_int_equal(KMS_STORE_OK, kms_store_delete_due(store(), 1000));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_find_key(store(), ID(1), &key));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_secret(store(), ID(1), 0, secret));
    assert_int_equal(KMS_STORE_OK, kms_store_list_aliases(store(), ACCOUNT, REGION, NULL, "", &alias, 1, &count));
    assert_int_equal(0, count);
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(2), &key));
    kms_key_clear(&key);
}

static void test_aliases_are_an_accounts_own(void **state) {
    kms_key key;
    (void)state;
    make(ID(1), ACCOUNT);
    make(ID(2), OTHER_ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), ACCOUNT, "alias/a", ID(1), 5));
    assert_int_equal(KMS_STORE_EXISTS, kms_store_create_alias(store(), ACCOUNT, "alias/a", ID(1), 5));
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), OTHER_ACCOUNT, "alias/a", ID(2), 5));
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_create_alias(store(), ACCOUNT, "alias/b", ID(3), 5));
    assert_int_equal(KMS_STORE_OK, kms_store_find_alias(store(), ACCOUNT, "alias/a", &key));
    assert_string_equal(ID(1), key.id);
    kms_key_clear(&key);
    assert_int_equal(KMS_STORE_OK, kms_store_find_alias(store(), OTHER_ACCOUNT, "alias/a", &key));
    assert_string_equal(ID(2), key.id);
    kms_key_clear(&key);
    assert_int_equal(KMS_STORE_NOT_FOUND, kms_store_find_alias(store(), ACCOUNT, "alias/b", &key));
}

static void test_lists_come_in_parts(void **state) {
    char ids[4][KMS_KEY_ID_BYTES];
    kms_alias aliases[4];
    size_t count;
    (void)state;
    make(ID(3), ACCOUNT);
    make(ID(1), ACCOUNT);
    make(ID(4), OTHER_ACCOUNT);
    make(ID(2), ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_list_keys(store(), ACCOUNT, "", ids, 2, &count));
    assert_int_equal(2, count);
    assert_string_equal(ID(1), ids[0]);
    assert_string_equal(ID(2), ids[1]);
    assert_int_equal(KMS_STORE_OK, kms_store_list_keys(store(), ACCOUNT, ID(2), ids, 4, &count));
    assert_int_equal(1, count);
    assert_string_equal(ID(3), ids[0]);
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), ACCOUNT, "alias/c", ID(1), 5));
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), ACCOUNT, "alias/b", ID(2), 6));
    assert_int_equal(KMS_STORE_OK, kms_store_create_alias(store(), ACCOUNT, "alias/a", ID(1), 7));
    assert_int_equal(KMS_STORE_OK, kms_store_list_aliases(store(), ACCOUNT, REGION, NULL, "", aliases, 4, &count));
    assert_int_equal(3, count);
    assert_string_equal("alias/a", aliases[0].name);
    assert_string_equal("arn:aws:kms:" REGION ":" ACCOUNT ":alias/a", aliases[0].arn);
    assert_string_equal(ID(1), aliases[0].key_id);
    assert_true(aliases[0].created_ms == 7);
    assert_int_equal(KMS_STORE_OK,
                     kms_store_list_aliases(store(), ACCOUNT, REGION, ID(1), "alias/a", aliases, 4, &count));
    assert_int_equal(1, count);
    assert_string_equal("alias/c", aliases[0].name);
}

static void run_sql(const char *sql) {
    assert_int_equal(SQLITE_OK, sqlite3_exec(store()->db, sql, NULL, NULL, NULL));
}

static void test_damage_is_told(void **state) {
    uint8_t secret[KMS_SECRET_BYTES];
    kms_key key;
    (void)state;
    make(ID(1), ACCOUNT);
    run_sql("UPDATE secrets SET secret = x'00'");
    assert_int_equal(KMS_STORE_DAMAGED, kms_store_secret(store(), ID(1), 0, secret));
    assert_string_equal("column secret is not of its form", kms_store_problem());
    run_sql("UPDATE keys SET region = printf('%200d', 1)");
    assert_int_equal(KMS_STORE_DAMAGED, kms_store_find_key(store(), ID(1), &key));
    run_sql("UPDATE keys SET region = 'r'");
    run_sql("DELETE FROM secrets");
    assert_int_equal(KMS_STORE_DAMAGED, kms_store_find_key(store(), ID(1), &key));
}

static void test_another_process_is_waited_for_so_long(void **state) {
    kms_key_spec wanted = spec();
    kms_key key;
    sqlite3 *other;
    (void)state;
    make(ID(1), ACCOUNT);
    assert_int_equal(SQLITE_OK, sqlite3_open(service_store_path(), &other));
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_busy_timeout(store()->db, 1));
    assert_int_equal(KMS_STORE_BUSY, kms_store_create_key(store(), &wanted, &key));
    assert_int_equal(KMS_STORE_BUSY, kms_store_rotate_key(store(), ID(1)));
    /* Who only reads waits for nobody. */
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(store(), ID(1), &key));
    kms_key_clear(&key);
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "COMMIT", NULL, NULL, NULL));
    assert_int_equal(KMS_STORE_OK, kms_store_rotate_key(store(), ID(1)));
    assert_int_equal(SQLITE_OK, sqlite3_close(other));
}

static void test_two_at_once_see_each_other(void **state) {
    kms_store *other;
    kms_key key;
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, kms_store_open(service_store_path(), &other, &error));
    make(ID(1), ACCOUNT);
    assert_int_equal(KMS_STORE_OK, kms_store_find_key(other, ID(1), &key));
    kms_key_clear(&key);
    kms_store_close(other);
}

static void test_the_file_is_its_owners_and_durable(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[96];
    struct stat facts;
    sqlite3_stmt *statement;
    (void)state;
    make(ID(1), ACCOUNT);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s%s", service_store_path(), suffixes[i]);
        assert_int_equal(0, stat(path, &facts));
        assert_int_equal(S_IRUSR | S_IWUSR, facts.st_mode & 0777);
    }
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(store()->db, "SELECT * FROM pragma_synchronous, pragma_journal_mode",
                                                   -1, &statement, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(statement));
    assert_int_equal(2, sqlite3_column_int(statement, 0)); /* FULL */
    assert_string_equal("wal", (const char *)sqlite3_column_text(statement, 1));
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
}

static void assert_not_opened(const char *path, const char *name, const char *text) {
    kms_store *opened;
    grille_error error;
    assert_int_not_equal(GRILLE_REASON_OK, kms_store_open(path, &opened, &error));
    assert_null(opened);
    assert_string_equal(name, error.name);
    if (strstr(error.text, text) == NULL) fail_msg("%s", error.text);
}

static void test_other_files_are_left_alone(void **state) {
    char path[96];
    sqlite3 *other;
    FILE *file;
    (void)state;
    (void)snprintf(path, sizeof path, "%s.other", service_store_path());
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        assert_true(fputs("this is no database\n", file) >= 0);
    assert_int_equal(0, fclose(file));
    assert_not_opened(path, "BAD-ARGUMENT", "file is not a database");
    assert_int_equal(0, unlink(path));
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &other));
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "CREATE TABLE a (b)", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(other));
    assert_not_opened(path, "BAD-ARGUMENT", "a database of another program");
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, symlink(service_store_path(), path));
    assert_not_opened(path, "SYSTEM", "can't be opened for writing");
    assert_int_equal(0, unlink(path));
    (void)snprintf(path, sizeof path, "%s/inside", service_store_path());
    assert_not_opened(path, "SYSTEM", "can't be opened for writing");
}

static void test_newer_versions_are_left_alone(void **state) {
    (void)state;
    run_sql("PRAGMA user_version = 2");
    kms_store_close(service.store);
    service.store = NULL;
    assert_not_opened(service_store_path(), "BAD-ARGUMENT", "is of version 2, expected 1");
}

#define THREADS      4
#define KEYS_OF_EACH 5

static void *make_keys(void *own) {
    for (int i = 0; i < KEYS_OF_EACH; i++) {
        kms_key_spec wanted = spec();
        kms_key key;
        if (kms_store_create_key(own, &wanted, &key) != KMS_STORE_OK) return own;
        kms_key_clear(&key);
    }
    return NULL;
}

static void test_threads_share_a_store(void **state) {
    pthread_t threads[THREADS];
    char ids[THREADS * KEYS_OF_EACH + 1][KMS_KEY_ID_BYTES];
    size_t count;
    void *failed;
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, make_keys, store()));
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
    assert_int_equal(KMS_STORE_OK, kms_store_list_keys(store(), ACCOUNT, "", ids, THREADS * KEYS_OF_EACH + 1, &count));
    assert_int_equal(THREADS * KEYS_OF_EACH, count);
}

static void *open_and_close(void *failed) {
    kms_store *opened;
    grille_error error;
    if (kms_store_open(service_store_path(), &opened, &error) != GRILLE_REASON_OK) return failed;
    kms_store_close(opened);
    return NULL;
}

static void test_a_new_file_is_made_once(void **state) {
    pthread_t threads[THREADS];
    void *failed;
    (void)state;
    kms_store_close(service.store);
    service.store = NULL;
    assert_int_equal(0, unlink(service_store_path()));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, open_and_close, &service));
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
}

int store_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_key_is_what_was_asked_for_and_stays_so),
        T(test_an_id_is_taken_once),
        T(test_what_is_no_key_is_not_kept),
        T(test_secrets_differ_and_older_ones_stay),
        T(test_states_change_from_what_was_seen),
        T(test_policies_are_replaced),
        T(test_keys_go_when_their_time_comes),
        T(test_aliases_are_an_accounts_own),
        T(test_lists_come_in_parts),
        T(test_damage_is_told),
        T(test_another_process_is_waited_for_so_long),
        T(test_two_at_once_see_each_other),
        T(test_the_file_is_its_owners_and_durable),
        T(test_other_files_are_left_alone),
        T(test_newer_versions_are_left_alone),
        T(test_threads_share_a_store),
        T(test_a_new_file_is_made_once),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
