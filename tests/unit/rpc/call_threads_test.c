/* SPDX-License-Identifier: Apache-2.0
 * Goal: a call's handle may be cancelled, asked, kept and given back by many threads while the loop's thread ends it;
 * it ends once, its notice never comes after its end, and it is reused only when nobody holds it. Made for TSan. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"
#include "prng.h"

enum { THREADS = 4, CALLS = 16, ROUNDS = 150 };

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method methods[] = {{.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type}};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 1};
static const grille_method_handler invoke[] = {{.invoke = echo}};

/* What the owner of a call keeps, as a channel does. */
typedef struct owned {
    grille_link cancel; /* in `cancelled`; under its lock */
    grille_call *call;
    struct slot *slot;
} owned;

typedef struct slot {
    grille_call *handle; /* one reference for each thread, and the loop's */
    int done;
    int notices; /* under cancel_lock */
} slot;

static slot slots[CALLS];
static pthread_barrier_t begin, end;
static pthread_mutex_t cancel_lock = PTHREAD_MUTEX_INITIALIZER;
static grille_link cancelled;
static bool over; /* before `begin` of the last round */

static owned *owned_of(grille_call *call) {
    return grille_client_call_owner_space(call);
}

static void on_cancel(grille_call *call, void *user) {
    (void)user;
    pthread_mutex_lock(&cancel_lock);
    owned_of(call)->slot->notices++;
    grille_list_append(&cancelled, &owned_of(call)->cancel);
    pthread_mutex_unlock(&cancel_lock);
}

static void on_done(grille_call *call, void *user) {
    slot *own = user;
    grille_reply reply;
    pthread_mutex_lock(&cancel_lock);
    grille_list_remove(&owned_of(call)->cancel);
    pthread_mutex_unlock(&cancel_lock);
    own->done++;
    grille_client_call_take_reply(call, &reply);
    assert_true(reply.code == GRILLE_OK || reply.code == GRILLE_CANCELLED);
    if (reply.code == GRILLE_OK) assert_string_equal(((const fake_message *)reply.response)->text, "hello");
    grille_reply_free(&reply);
    grille_reply_free(&reply);
    grille_call_unref(call);
}

static void *use_handles(void *argument) {
    uint64_t random = (uint64_t)(uintptr_t)argument;
    for (;;) {
        (void)pthread_barrier_wait(&begin);
        if (over) return NULL;
        for (int i = 0; i < 4 * CALLS; i++) {
            grille_call *call = slots[prng_below(&random, CALLS)].handle;
            switch (prng_below(&random, 4)) {
            case 0:
                grille_call_cancel(call);
                break;
            case 1:
                (void)grille_call_ref(call);
                grille_call_unref(call);
                break;
            case 2:
                (void)grille_call_cancelled(call);
                break;
            default:
                if (strcmp(grille_call_method(call)->path, "/p.A/Echo") != 0) abort();
            }
        }
        for (int i = 0; i < CALLS; i++)
            grille_call_unref(slots[i].handle);
        (void)pthread_barrier_wait(&end);
    }
}

static void make_calls(endpoint_pair *pair) {
    static const fake_message message = {"hello"};
    for (int i = 0; i < CALLS; i++) {
        const grille_client_call_request request = {.method = methods,
                                                    .message = &message,
                                                    .max_response_bytes = 4096,
                                                    .now_us = pair->now_us,
                                                    .done = on_done,
                                                    .user = &slots[i]};
        slots[i] = (slot){0};
        assert_int_equal(grille_client_call_new(pair->pool, &request, &slots[i].handle, NULL), GRILLE_OK);
        owned_of(slots[i].handle)->call = slots[i].handle;
        owned_of(slots[i].handle)->slot = &slots[i];
        grille_list_init(&owned_of(slots[i].handle)->cancel);
        grille_client_call_on_notice(slots[i].handle, on_cancel, NULL);
        for (int t = 0; t < THREADS; t++)
            (void)grille_call_ref(slots[i].handle);
    }
}

static void take_cancels(endpoint_pair *pair) {
    for (;;) {
        grille_link *link = NULL;
        grille_call *call = NULL;
        pthread_mutex_lock(&cancel_lock);
        link = grille_list_take_first(&cancelled);
        pthread_mutex_unlock(&cancel_lock);
        if (link == NULL) return;
        call = grille_container(link, owned, cancel)->call;
        if (!grille_client_call_is_done(call)) grille_endpoint_cancel(pair->client, call, pair->now_us);
    }
}

static void handles_are_safe_in_many_hands(void **state) {
    pthread_t threads[THREADS];
    endpoint_pair pair;
    size_t cancels = 0;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, NULL, 0);
    grille_list_init(&cancelled);
    assert_int_equal(pthread_barrier_init(&begin, NULL, THREADS + 1), 0);
    assert_int_equal(pthread_barrier_init(&end, NULL, THREADS + 1), 0);
    for (uintptr_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, use_handles, (void *)(t + 1)), 0);
    for (int round = 0; round < ROUNDS; round++) {
        make_calls(&pair);
        (void)pthread_barrier_wait(&begin);
        for (int i = 0; i < CALLS; i++) {
            assert_true(grille_endpoint_start(pair.client, slots[i].handle, pair.now_us));
            take_cancels(&pair);
            if (i % 3 == 2) endpoint_pair_pump(&pair, 0);
        }
        take_cancels(&pair);
        endpoint_pair_pump(&pair, 0);
        for (int i = 0; i < CALLS; i++)
            assert_int_equal(slots[i].done, 1);
        (void)pthread_barrier_wait(&end);
        assert_true(grille_list_empty(&cancelled));
        for (int i = 0; i < CALLS; i++) {
            assert_true(slots[i].notices <= 1);
            cancels += (size_t)slots[i].notices;
        }
    }
    over = true;
    (void)pthread_barrier_wait(&begin);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    (void)pthread_barrier_destroy(&begin);
    (void)pthread_barrier_destroy(&end);
    print_message("%d calls, %zu notices of a cancellation\n", ROUNDS * CALLS, cancels);
    endpoint_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(handles_are_safe_in_many_hands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
