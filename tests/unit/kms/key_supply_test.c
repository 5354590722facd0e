/* SPDX-License-Identifier: Apache-2.0
 * Goal: keys and documents are made by a thread of their own, failures are told to whoever waits and tried again when
 * somebody asks again, and an idle key is wiped without anybody asking. */
#include "kms/key_supply.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "client_tests.h"
#include "cmocka_all.h"

struct grille_rsa_private_key {
    uint8_t number;
};

static struct world {
    pthread_mutex_t lock;
    pthread_cond_t happened;
    uint8_t keys_made;
    int keys_freed, documents, changes;
    grille_reason key_fails, document_fails;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .happened = PTHREAD_COND_INITIALIZER};

static void happen(int *count) {
    (void)pthread_mutex_lock(&world.lock);
    (*count)++;
    (void)pthread_cond_broadcast(&world.happened);
    (void)pthread_mutex_unlock(&world.lock);
}

static void wait_until(const int *count, int least) {
    (void)pthread_mutex_lock(&world.lock);
    while (*count < least)
        (void)pthread_cond_wait(&world.happened, &world.lock);
    (void)pthread_mutex_unlock(&world.lock);
}

static grille_reason fake_generate(grille_rsa_random random, grille_rsa_private_key **key) {
    uint8_t byte = 0;
    if (world.key_fails != GRILLE_REASON_OK) return world.key_fails;
    assert_int_equal(GRILLE_REASON_OK, random.fill(random.context, &byte, 1));
    *key = calloc(1, sizeof **key);
    assert_non_null(*key);
    (*key)->number = ++world.keys_made;
    return GRILLE_REASON_OK;
}

static grille_bytes fake_spki(const grille_rsa_private_key *key) {
    return grille_bytes_of(&key->number, 1);
}

static void fake_free(grille_rsa_private_key *key) {
    free(key);
    happen(&world.keys_freed);
}

static const grille_rsa_private rsa = {.generate = fake_generate, .spki = fake_spki, .free = fake_free};

static grille_reason fill(void *context, uint8_t *out, size_t len) {
    assert_ptr_equal(&world, context);
    memset(out, 7, len);
    return GRILLE_REASON_OK;
}

static grille_reason fake_document(void *user, grille_bytes spki, uint8_t *document, size_t capacity, size_t *len,
                                   grille_error *error) {
    assert_ptr_equal(&world, user);
    assert_true(capacity >= GRILLE_NSM_RESPONSE_MAX);
    if (world.document_fails != GRILLE_REASON_OK)
        return grille_error_set(error, world.document_fails, "Attestation: InternalError");
    document[0] = spki.data[0];
    *len = 1;
    happen(&world.documents);
    return GRILLE_REASON_OK;
}

static void on_changed(void *user) {
    assert_ptr_equal(&world, user);
    happen(&world.changes);
}

static grille_key_supply *supply;
static uint64_t failures;

static grille_key_supply *start(uint64_t key_age_us) {
    const grille_key_supply_options options = {.ring = {.rsa = &rsa,
                                                        .uses_per_key = 2,
                                                        .key_age_us = key_age_us,
                                                        .document_age_us = 60000000,
                                                        .keys_ahead = 1},
                                               .random = {fill, &world},
                                               .document = fake_document,
                                               .changed = on_changed,
                                               .user = &world};
    grille_error error;
    world.keys_made = 0;
    world.keys_freed = world.documents = world.changes = 0;
    world.key_fails = world.document_fails = GRILLE_REASON_OK;
    assert_int_equal(GRILLE_REASON_OK, grille_key_supply_new(&options, &supply, &error));
    failures = grille_key_supply_failures(supply);
    return supply;
}

static int teardown(void **state) {
    (void)state;
    grille_key_supply_free(supply);
    assert_int_equal(world.keys_made, world.keys_freed);
    supply = NULL;
    return 0;
}

/* Waits for `changed` as a client does. */
static grille_reason take(grille_ring_key **key, grille_error *error) {
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    size_t len = 0;
    grille_reason reason;
    int seen = 0;
    do {
        (void)pthread_mutex_lock(&world.lock);
        seen = world.changes;
        (void)pthread_mutex_unlock(&world.lock);
        reason = grille_key_supply_take(supply, &failures, key, document, &len, error);
        if (reason == GRILLE_REASON_MORE) wait_until(&world.changes, seen + 1);
    } while (reason == GRILLE_REASON_MORE);
    if (reason == GRILLE_REASON_OK) {
        assert_int_equal(1, len);
        assert_int_equal((*key)->key->number, document[0]); /* the document is the key's */
    }
    return reason;
}

static void keys_come_with_their_documents(void **state) {
    grille_ring_key *keys[5];
    grille_error error;
    uint64_t made = 0, wiped = 0, documents = 0;
    (void)state;
    (void)start(1000000000);
    for (int i = 0; i < 5; i++)
        assert_int_equal(GRILLE_REASON_OK, take(&keys[i], &error));
    assert_ptr_equal(keys[0], keys[1]);
    assert_ptr_equal(keys[2], keys[3]);
    assert_ptr_not_equal(keys[0], keys[2]);
    assert_ptr_not_equal(keys[2], keys[4]);
    for (int i = 0; i < 5; i++)
        grille_key_supply_give_back(supply, keys[i]);
    grille_key_supply_count(supply, &made, &wiped, &documents);
    assert_true(made >= 3);
    assert_int_equal(2, wiped);
    assert_int_equal(3, documents);
}

static void a_failure_is_told_and_tried_again_when_somebody_asks(void **state) {
    grille_ring_key *key = NULL;
    grille_error error;
    (void)state;
    (void)start(1000000000);
    (void)pthread_mutex_lock(&world.lock);
    world.document_fails = GRILLE_REASON_NSM_FAILED;
    (void)pthread_mutex_unlock(&world.lock);
    for (int i = 1; i <= 3; i++) {
        grille_error_clear(&error);
        assert_int_equal(GRILLE_REASON_NSM_FAILED, take(&key, &error));
        assert_string_equal("Attestation: InternalError", error.text);
        assert_int_equal(i, failures);
        assert_int_equal(i, grille_key_supply_failures(supply)); /* nobody tries on its own */
    }
    (void)pthread_mutex_lock(&world.lock);
    world.document_fails = GRILLE_REASON_OK;
    (void)pthread_mutex_unlock(&world.lock);
    assert_int_equal(GRILLE_REASON_OK, take(&key, &error));
    grille_key_supply_give_back(supply, key);
}

static void an_idle_key_is_wiped(void **state) {
    grille_ring_key *key = NULL;
    grille_error error;
    (void)state;
    (void)start(20000);
    assert_int_equal(GRILLE_REASON_OK, take(&key, &error));
    grille_key_supply_give_back(supply, key);
    wait_until(&world.keys_freed, 1);
}

int key_supply_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_come_with_their_documents, teardown),
        cmocka_unit_test_teardown(a_failure_is_told_and_tried_again_when_somebody_asks, teardown),
        cmocka_unit_test_teardown(an_idle_key_is_wiped, teardown),
    };
    return cmocka_run_group_tests_name("key_supply", tests, NULL, NULL);
}
