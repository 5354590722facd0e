/* SPDX-License-Identifier: Apache-2.0
 * Goal: no secret is left in memory that is given back, and a client does without memory that it does not get. */
#include <semaphore.h>
#include <string.h>

#include "base/bytes.h"
#include "client_tests.h"
#include "client_world.h"
#include "cmocka_all.h"
#include "failing_malloc.h"

static client_world world;
static grille_kms_reply reply;

static int setup(void **state) {
    (void)state;
    client_world_init(&world, false);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    failing_malloc_never();
    grille_kms_reply_free(&reply);
    client_world_end(&world);
    return 0;
}

static const char plaintext[] = "the plaintext that nobody but the caller has";

static void on_done(const grille_kms_reply *got, void *user) {
    assert_int_equal(GRILLE_OK, got->code);
    (void)sem_post(user);
}

static void plaintexts_are_wiped(void **state) {
    sem_t done;
    (void)state;
    client_world_open(&world);
    failing_malloc_seek(plaintext, sizeof plaintext - 1);
    assert_int_equal(GRILLE_OK, grille_kms_decrypt(world.kms, client_world_wrapped(plaintext), NULL, &reply));
    assert_true(grille_bytes_equal(grille_bytes_of_text(plaintext), reply.plaintext));
    grille_kms_reply_free(&reply);
    assert_int_equal(0, sem_init(&done, 0, 0));
    assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(world.kms, client_world_wrapped(plaintext), NULL, on_done,
                                                         &done, &world.error));
    assert_int_equal(0, sem_wait(&done));
    grille_kms_close(world.kms);
    world.kms = NULL;
    assert_int_equal(0, failing_malloc_found());
    /* The service remembers its last request, and shows that such bytes would be found. */
    key_service_stop(world.service);
    world.service = NULL;
    assert_int_equal(1, failing_malloc_found());
    failing_malloc_seek(NULL, 0);
}

static void credentials_are_wiped(void **state) {
    static const char secret[] = KEY_SERVICE_SECRET, token[] = KEY_SERVICE_TOKEN;
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{secret, sizeof secret - 1}, {token, sizeof token - 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_world_open(&world);
        assert_int_equal(GRILLE_OK, grille_kms_generate_random(world.kms, 1, NULL, &reply));
        grille_kms_reply_free(&reply);
        failing_malloc_seek(rows[i].bytes, rows[i].len);
        grille_kms_close(world.kms);
        world.kms = NULL;
        assert_int_equal(0, failing_malloc_found());
        failing_malloc_seek(NULL, 0);
    }
}

static void a_client_opens_whole_or_not_at_all(void **state) {
    grille_kms *kms = NULL;
    grille_code code = GRILLE_OK;
    size_t failed = 0;
    (void)state;
    client_world_prepare(&world); /* another client would have memory of its own meanwhile */
    const size_t before = failing_malloc_living();
    for (size_t i = 0; i < 1000; i++) {
        failing_malloc_from(i);
        code = grille_kms_open_with(&world.options, &world.seams, &kms, &world.error);
        failing_malloc_never();
        if (code == GRILLE_OK) break;
        assert_int_equal(GRILLE_RESOURCE_EXHAUSTED, code);
        assert_null(kms);
        assert_int_equal(before, failing_malloc_living());
        failed++;
    }
    assert_int_equal(GRILLE_OK, code);
    assert_true(failed > 5);
    grille_kms_close(kms);
    assert_int_equal(before, failing_malloc_living());
}

/* One key in use and one ahead: nobody but the call's own way takes memory then. */
static void settle(void) {
    grille_kms_state now = {.keys_made = 0};
    assert_int_equal(GRILLE_OK, grille_kms_generate_random(world.kms, 1, NULL, &reply));
    while (now.keys_made < 2)
        grille_kms_get_state(world.kms, &now);
}

static void a_call_without_memory_is_refused(void **state) {
    (void)state;
    client_world_open(&world);
    settle();
    grille_kms_reply_free(&reply);
    failing_malloc_once(0);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED, grille_kms_generate_random(world.kms, 1, NULL, &reply));
    assert_string_equal("OUT-OF-MEMORY", reply.error.name);
    assert_int_equal(1, key_service_requests(world.service));
}

/* The attempt, its body, its request, its dialer: memory may be there a moment later. */
static void an_attempt_without_memory_is_begun_again(void **state) {
    (void)state;
    client_world_open(&world);
    settle();
    for (size_t i = 1; i <= 4; i++) {
        grille_kms_reply_free(&reply);
        failing_malloc_once(i);
        if (grille_kms_generate_random(world.kms, 1, NULL, &reply) != GRILLE_OK) fail_msg("%s", reply.error.text);
        failing_malloc_never();
        assert_int_equal(2, reply.attempts);
    }
    assert_int_equal(5, key_service_requests(world.service));
}

int client_memory_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plaintexts_are_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_are_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_opens_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_without_memory_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attempt_without_memory_is_begun_again, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_memory", tests, NULL, NULL);
}
