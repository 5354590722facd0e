/* SPDX-License-Identifier: Apache-2.0
 * What many callers, or a patient one, can make a server hold. */
#include <unistd.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "stopwatch.h"

/* One more than fills the queue with two workers busy. */
enum { CALLS_EACH = GRILLE_DEFAULT_STREAMS, CHANNELS = (GRILLE_LIMIT_QUEUED_TASKS + 2) / CALLS_EACH + 1 };

static victim_world world;
static victim_server server;
static honest_caller caller;
static atomic_uint done[17], ended;

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)callback;
    (void)user;
    atomic_fetch_add(&done[(unsigned)reply->code < 17 ? reply->code : GRILLE_UNKNOWN], 1);
    atomic_fetch_add(&ended, 1);
}

static void wait_for(atomic_uint *counter, unsigned count) {
    for (unsigned ms = 0; atomic_load(counter) < count && ms < 30000; ms++)
        (void)usleep(1000);
    assert_int_equal(atomic_load(counter), count);
}

/* Each call has its stream and a worker to wait for; those that find no place in the queue are told at once. */
static void the_queue_of_the_workers_is_bounded(void **state) {
    const fake_message request = {"hold"};
    const unsigned refused = CHANNELS * CALLS_EACH - GRILLE_LIMIT_QUEUED_TASKS - 2;
    victim_channel channels[CHANNELS];
    grille_error error;
    (void)state;
    for (unsigned i = 0; i < CHANNELS; i++) {
        victim_channel_open(&world, server.address, NULL, NULL, 0, &channels[i]);
        assert_int_equal(grille_channel_wait_ready(channels[i].channel, 20000, &error), GRILLE_OK);
    }
    for (unsigned i = 0; i < CHANNELS * CALLS_EACH; i++) {
        if (i == 2) wait_for(&server.honest_work, 2);
        assert_int_equal(grille_call_unary_async(channels[i / CALLS_EACH].channel, &victim_methods[1], &request, NULL,
                                                 deliver, NULL, NULL, NULL),
                         GRILLE_OK);
    }
    wait_for(&ended, refused);
    assert_int_equal(atomic_load(&done[GRILLE_RESOURCE_EXHAUSTED]), refused);
    honest_caller_check(&caller, 3);
    atomic_store(&server.holds, false);
    wait_for(&ended, CHANNELS * CALLS_EACH);
    assert_int_equal(atomic_load(&done[GRILLE_OK]), CHANNELS * CALLS_EACH - refused);
    for (unsigned i = 0; i < CHANNELS; i++)
        victim_channel_close(&channels[i]);
}

/* A peer that was told goodbye and stays: GRILLE_LIMIT_LINGER_MS later its connection is gone all the same. */
static void a_goodbye_waits_for_a_while_only(void **state) {
    const bad_script about = {.world = &world};
    const int fd = bad_peer_dial(server.address);
    const unsigned ended_before = ended_count();
    bad_peer *peer = bad_peer_new(fd, true, world.hostile, world.now_ms);
    const stopwatch watch = stopwatch_start();
    (void)state;
    bad_script_play(peer, &about, "tls gate:0");
    assert_true(ended_wait(ended_before + 1, BAD_PEER_PATIENCE_MS));
    assert_true(stopwatch_ms(&watch) >= GRILLE_LIMIT_LINGER_MS);
    bad_peer_free(peer);
    honest_caller_check(&caller, 1);
}

static int set_up(void **state) {
    (void)state;
    log_book_open();
    victim_world_init(&world);
    victim_server_start(&world, "s", NULL, &server);
    honest_caller_start(&world, &server, &caller);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    honest_caller_stop(&caller);
    victim_server_stop(&server);
    victim_world_deinit(&world);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_goodbye_waits_for_a_while_only),
        cmocka_unit_test(the_queue_of_the_workers_is_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
