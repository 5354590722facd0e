/* SPDX-License-Identifier: Apache-2.0
 * Goal: a key serves so many requests and so long, with documents that are young, and is wiped when its last request
 * has ended; all of it in virtual time, with keys that cost nothing. */
#include "kms/key_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "client_tests.h"
#include "cmocka_all.h"
#include "wire/limits.h"

enum { uses = 3, age_us = 300000000, document_us = GRILLE_LIMIT_KMS_DOCUMENT_AGE_MS * 1000 };

/* Stands for a key: the seam's keys are opaque. */
struct grille_rsa_private_key {
    int number;
};

static int keys_freed;

static void count_free(grille_rsa_private_key *key) {
    if (key == NULL) return;
    keys_freed++;
    free(key);
}

static const grille_rsa_private rsa = {.free = count_free};

static grille_key_ring ring;

static int setup(void **state) {
    const grille_key_ring_options options = {
        .rsa = &rsa, .uses_per_key = uses, .key_age_us = age_us, .document_age_us = document_us, .keys_ahead = 1};
    (void)state;
    keys_freed = 0;
    grille_key_ring_init(&ring, &options);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_key_ring_deinit(&ring);
    assert_int_equal(ring.keys_made, ring.keys_wiped);
    assert_int_equal(ring.keys_made, keys_freed);
    return 0;
}

static void make(void) {
    assert_int_equal(GRILLE_REASON_OK, grille_key_ring_add_key(&ring, calloc(1, sizeof(grille_rsa_private_key))));
}

static void document(grille_time_us now_us) {
    assert_int_equal(GRILLE_REASON_OK,
                     grille_key_ring_add_document(&ring, ring.current, grille_bytes_of_text("document"), now_us));
}

/* Does what the ring asks for, until it rests; how much that was. */
static int serve(grille_time_us now_us) {
    int done = 0;
    for (grille_key_work work; (work = grille_key_ring_work(&ring, now_us)) != GRILLE_KEY_REST; done++) {
        if (work == GRILLE_KEY_MAKE) {
            make();
        } else {
            document(now_us);
        }
    }
    return done;
}

static grille_ring_key *take(grille_time_us now_us) {
    grille_ring_key *key = grille_key_ring_take(&ring, now_us);
    if (key != NULL) return key;
    (void)serve(now_us);
    key = grille_key_ring_take(&ring, now_us);
    assert_non_null(key);
    return key;
}

static void keys_are_made_ahead_and_documents_when_they_are_wanted(void **state) {
    (void)state;
    assert_int_equal(GRILLE_KEY_MAKE, grille_key_ring_work(&ring, 0));
    make();
    assert_int_equal(GRILLE_KEY_REST, grille_key_ring_work(&ring, 0));
    assert_int_equal(0, ring.documents);
    assert_null(grille_key_ring_take(&ring, 1));
    assert_int_equal(GRILLE_KEY_DOCUMENT, grille_key_ring_work(&ring, 1));
    document(1);
    assert_int_equal(GRILLE_KEY_MAKE, grille_key_ring_work(&ring, 1)); /* one ahead again */
    make();
    assert_int_equal(GRILLE_KEY_REST, grille_key_ring_work(&ring, 1));
    grille_ring_key *key = grille_key_ring_take(&ring, 1);
    assert_non_null(key);
    assert_int_equal(8, key->document_len);
    assert_memory_equal("document", key->document, 8);
    grille_key_ring_give_back(&ring, key);
}

static void a_key_serves_so_many_requests(void **state) {
    grille_ring_key *first = take(1), *taken[uses];
    (void)state;
    for (int i = 1; i < uses; i++)
        assert_ptr_equal(first, take(1));
    taken[0] = take(1);
    assert_ptr_not_equal(first, taken[0]);
    for (int i = 0; i < uses; i++) {
        assert_int_equal(0, keys_freed);
        grille_key_ring_give_back(&ring, first);
    }
    assert_int_equal(1, keys_freed); /* the last of its requests has ended */
    assert_int_equal(1, ring.keys_wiped);
    grille_key_ring_give_back(&ring, taken[0]);
    assert_int_equal(1, keys_freed); /* this one has uses left */
}

static void a_key_serves_so_long_after_its_first_use(void **state) {
    (void)state;
    grille_ring_key *first = take(500000);
    assert_int_equal(500000 + age_us, grille_key_ring_next_us(&ring));
    grille_ring_key *again = take(500000 + age_us - 1);
    assert_ptr_equal(first, again);
    grille_key_ring_give_back(&ring, first);
    grille_key_ring_give_back(&ring, again);
    assert_int_equal(GRILLE_KEY_REST, grille_key_ring_work(&ring, 500000 + age_us - 1));
    assert_int_equal(0, keys_freed);
    /* Nobody asks: it is wiped all the same. */
    assert_int_equal(GRILLE_KEY_REST, grille_key_ring_work(&ring, 500000 + age_us));
    assert_int_equal(1, keys_freed);
    assert_null(ring.current);
    assert_int_equal(GRILLE_TIME_NEVER, grille_key_ring_next_us(&ring));
}

static void a_held_key_outlives_its_age(void **state) {
    (void)state;
    grille_ring_key *held = take(1);
    grille_ring_key *next = take(age_us + 1);
    assert_ptr_not_equal(held, next);
    assert_int_equal(0, keys_freed);
    grille_key_ring_give_back(&ring, held);
    assert_int_equal(1, keys_freed);
    grille_key_ring_give_back(&ring, next);
}

static void keys_that_nobody_has_used_do_not_grow_old(void **state) {
    (void)state;
    assert_int_equal(1, serve(1));
    assert_int_equal(0, serve(age_us * 10LL));
    assert_int_equal(GRILLE_TIME_NEVER, grille_key_ring_next_us(&ring));
    grille_key_ring_give_back(&ring, take(age_us * 20LL));
    assert_int_equal(0, keys_freed);
}

static void documents_are_made_anew(void **state) {
    (void)state;
    grille_ring_key *first = take(100);
    assert_int_equal(1, ring.documents);
    grille_ring_key *again = take(100 + document_us - 1);
    assert_int_equal(1, ring.documents);
    assert_null(grille_key_ring_take(&ring, 100 + document_us));
    assert_int_equal(GRILLE_KEY_DOCUMENT, grille_key_ring_work(&ring, 100 + document_us));
    document(100 + document_us);
    grille_ring_key *young = take(100 + document_us);
    assert_ptr_equal(first, young); /* the same key */
    assert_int_equal(2, ring.documents);
    grille_key_ring_give_back(&ring, first);
    grille_key_ring_give_back(&ring, again);
    grille_key_ring_give_back(&ring, young);
}

static void a_document_that_is_too_long_is_none(void **state) {
    static const uint8_t bytes[GRILLE_NSM_RESPONSE_MAX + 1];
    (void)state;
    assert_int_equal(1, serve(1));
    assert_null(grille_key_ring_take(&ring, 1));
    assert_int_equal(GRILLE_REASON_NO_SPACE,
                     grille_key_ring_add_document(&ring, ring.current, grille_bytes_of(bytes, sizeof bytes), 1));
    assert_null(grille_key_ring_take(&ring, 1));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_key_ring_add_document(&ring, ring.current, grille_bytes_of(bytes, sizeof bytes - 1), 1));
    grille_ring_key *key = take(1);
    assert_int_equal(GRILLE_NSM_RESPONSE_MAX, key->document_len);
    grille_key_ring_give_back(&ring, key);
}

static void without_keys_ahead_they_are_made_when_they_are_wanted(void **state) {
    (void)state;
    ring.options.keys_ahead = 0;
    assert_int_equal(0, serve(1));
    assert_null(grille_key_ring_take(&ring, 1));
    assert_int_equal(2, serve(1));
    grille_key_ring_give_back(&ring, take(1));
    assert_int_equal(0, serve(1));
    assert_int_equal(1, ring.keys_made);
}

/* A key lives on in whoever holds it, and is wiped at its hands. */
static void the_ring_may_end_before_its_holders(void **state) {
    (void)state;
    grille_ring_key *held = take(1);
    grille_key_ring_deinit(&ring);
    assert_int_equal(1, keys_freed); /* the one ahead */
    grille_key_ring_give_back(&ring, held);
    assert_int_equal(2, keys_freed);
}

int key_ring_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_made_ahead_and_documents_when_they_are_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_serves_so_many_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_serves_so_long_after_its_first_use, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_key_outlives_its_age, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_nobody_has_used_do_not_grow_old, setup, teardown),
        cmocka_unit_test_setup_teardown(documents_are_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_document_that_is_too_long_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(without_keys_ahead_they_are_made_when_they_are_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_may_end_before_its_holders, setup, teardown),
    };
    return cmocka_run_group_tests_name("key_ring", tests, NULL, NULL);
}
