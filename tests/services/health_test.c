/* SPDX-License-Identifier: Apache-2.0
 * Goal: a peer that may ask learns how a server stands, and each change of it, whichever thread says so; a server that
 * drains says so and is not held up by those who watch. */
#include "grille/health.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "grille/v1/health.grille-nano.h"
#include "loop/health_source.h"
#include "pair.h"

#define SERVING     grille_v1_Readiness_READINESS_SERVING
#define NOT_SERVING grille_v1_Readiness_READINESS_NOT_SERVING
#define UNKNOWN     grille_v1_Readiness_READINESS_SERVICE_UNKNOWN

typedef grille_own_grille_v1_health_watch_stream watch_stream;

static services_pair pair;
static grille_health *health;

static int set_up(void **state) {
    grille_error error;
    (void)state;
    assert_int_equal(grille_health_new(&health, &error), GRILLE_OK);
    services_pair_new(&pair, NULL, NULL);
    assert_int_equal(grille_health_register(health, grille_server_services(pair.server), &error), GRILLE_OK);
    services_pair_start(&pair, "health", NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    services_pair_close(&pair);
    grille_health_free(health);
    return 0;
}

static grille_bytes bytes_of(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

/* The readiness, or minus the code. */
static int check(const char *service, bool *alive) {
    grille_v1_HealthCheckRequest request = {.service = bytes_of(service)};
    grille_own_grille_v1_health_check_reply reply;
    grille_code code = grille_own_grille_v1_health_check(pair.channel, &request, NULL, &reply);
    int found = code == GRILLE_OK ? (int)reply.response->readiness : -(int)code;
    if (code == GRILLE_OK && alive != NULL) *alive = reply.response->alive;
    grille_own_grille_v1_health_check_reply_free(&reply);
    return found;
}

static void check_tells_readiness_and_liveness_apart(void **state) {
    static char long_name[GRILLE_HEALTH_NAME_BYTES_MAX + 2];
    bool alive = false;
    (void)state;
    assert_int_equal(check("", &alive), SERVING);
    assert_true(alive);
    assert_int_equal(check("acme.Tokens", NULL), -GRILLE_NOT_FOUND);
    assert_int_equal(grille_health_set(health, "acme.Tokens", GRILLE_NOT_SERVING), GRILLE_OK);
    assert_int_equal(check("acme.Tokens", &alive), NOT_SERVING);
    assert_true(alive);
    assert_int_equal(check("", NULL), SERVING);
    grille_health_set_alive(health, false);
    assert_int_equal(check("", &alive), SERVING);
    assert_false(alive);
    assert_int_equal(grille_health_set(health, NULL, GRILLE_NOT_SERVING), GRILLE_OK);
    assert_int_equal(check("", NULL), NOT_SERVING);
    memset(long_name, 'n', sizeof long_name - 1);
    assert_int_equal(check(long_name, NULL), -GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_health_set(health, long_name, GRILLE_SERVING), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_health_set(health, "\xff", GRILLE_SERVING), GRILLE_INVALID_ARGUMENT);
    long_name[GRILLE_HEALTH_NAME_BYTES_MAX] = '\0';
    assert_int_equal(grille_health_set(health, long_name, GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(check(long_name, NULL), SERVING);
}

static void list_has_all_names_and_no_more_than_may_be(void **state) {
    grille_v1_HealthListRequest request = {0};
    grille_own_grille_v1_health_list_reply reply;
    char name[32];
    (void)state;
    for (int at = 0; at < GRILLE_HEALTH_NAMES_MAX; at++) {
        (void)snprintf(name, sizeof name, "s%d", at);
        assert_int_equal(grille_health_set(health, name, at % 2 == 0 ? GRILLE_SERVING : GRILLE_NOT_SERVING), GRILLE_OK);
    }
    assert_int_equal(grille_health_set(health, "one more", GRILLE_SERVING), GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(grille_own_grille_v1_health_list(pair.channel, &request, NULL, &reply), GRILLE_OK);
    assert_true(reply.response->alive);
    assert_int_equal(reply.response->services_count, 1 + GRILLE_HEALTH_NAMES_MAX);
    assert_int_equal(reply.response->services[0].service.len, 0);
    assert_memory_equal(reply.response->services[2].service.data, "s1", 2);
    assert_int_equal(reply.response->services[2].readiness, NOT_SERVING);
    grille_own_grille_v1_health_list_reply_free(&reply);
}

/* ---- Watch ---- */

/* Blocking form: waits for the next answer. -1 at the end. */
static int next(watch_stream *stream, bool *alive) {
    const grille_v1_HealthCheckResponse *message = NULL;
    if (grille_own_grille_v1_health_watch_read(stream, &message) != GRILLE_OK) return -1;
    if (alive != NULL) *alive = message->alive;
    return (int)message->readiness;
}

static watch_stream *watch(const char *service) {
    grille_v1_HealthCheckRequest request = {.service = bytes_of(service)};
    watch_stream *stream = NULL;
    grille_error error;
    if (grille_own_grille_v1_health_watch_begin(pair.channel, &request, NULL, &stream, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return stream;
}

static grille_code finish(watch_stream *stream) {
    grille_own_grille_v1_health_watch_reply reply;
    grille_code code = grille_own_grille_v1_health_watch_finish(stream, &reply);
    grille_own_grille_v1_health_watch_reply_free(&reply);
    return code;
}

static void watch_tells_what_is_and_what_changes(void **state) {
    watch_stream *whole = watch(""), *service = watch("acme.Tokens");
    bool alive = false;
    (void)state;
    assert_int_equal(next(whole, &alive), SERVING);
    assert_true(alive);
    assert_int_equal(next(service, NULL), UNKNOWN);
    assert_int_equal(grille_health_set(health, "acme.Tokens", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(next(service, NULL), SERVING);
    /* The same again is no change, and another service's is none of this one's. */
    assert_int_equal(grille_health_set(health, "acme.Tokens", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(grille_health_set(health, "acme.Other", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(grille_health_set(health, "acme.Tokens", GRILLE_NOT_SERVING), GRILLE_OK);
    assert_int_equal(next(service, &alive), NOT_SERVING);
    assert_true(alive);
    grille_health_set_alive(health, false);
    assert_int_equal(next(service, &alive), NOT_SERVING);
    assert_false(alive);
    assert_int_equal(next(whole, &alive), SERVING);
    assert_false(alive);
    grille_own_grille_v1_health_watch_cancel(whole);
    grille_own_grille_v1_health_watch_cancel(service);
    assert_int_equal(finish(whole), GRILLE_CANCELLED);
    assert_int_equal(finish(service), GRILLE_CANCELLED);
    /* Watches that are gone are not told, and not missed. */
    grille_health_set_alive(health, true);
    assert_int_equal(check("", NULL), SERVING);
}

enum { FLIPS = 4000 };

static void *flip(void *user) {
    for (int at = 0; at <= FLIPS; at++) {
        assert_int_equal(grille_health_set(health, user, at % 2 == 0 ? GRILLE_NOT_SERVING : GRILLE_SERVING), GRILLE_OK);
    }
    return NULL;
}

/* Far more changes than a window holds, nobody reading: some are left out, the last one is not. */
static void changes_are_coalesced_and_the_last_one_comes(void **state) {
    watch_stream *stream = watch("s");
    int seen = 0, last = -1;
    (void)state;
    flip("s");
    assert_int_equal(grille_health_set(health, "s", GRILLE_SERVING), GRILLE_OK);
    grille_health_set_alive(health, false);
    for (bool alive = true; alive; seen++)
        last = next(stream, &alive);
    assert_int_equal(last, SERVING);
    assert_true(seen < FLIPS);
    grille_own_grille_v1_health_watch_cancel(stream);
    assert_int_equal(finish(stream), GRILLE_CANCELLED);
}

static void any_thread_may_say_and_every_watcher_hears_the_last(void **state) {
    watch_stream *streams[6];
    pthread_t threads[2];
    static char names[2][2] = {"a", "b"};
    (void)state;
    for (int at = 0; at < 6; at++)
        streams[at] = watch(names[at % 2]);
    for (int at = 0; at < 2; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, flip, names[at]), 0);
    for (int at = 0; at < 50; at++) {
        watch_stream *brief = watch("a");
        assert_true(next(brief, NULL) > 0);
        grille_own_grille_v1_health_watch_cancel(brief);
        assert_int_equal(finish(brief), GRILLE_CANCELLED);
    }
    for (int at = 0; at < 2; at++)
        pthread_join(threads[at], NULL);
    grille_health_set_alive(health, false);
    for (int at = 0; at < 6; at++) {
        int last = -1;
        for (bool alive = true; alive;)
            last = next(streams[at], &alive);
        assert_int_equal(last, NOT_SERVING);
        grille_own_grille_v1_health_watch_cancel(streams[at]);
        assert_int_equal(finish(streams[at]), GRILLE_CANCELLED);
    }
}

static void it_is_asked_only_where_the_policy_says_so(void **state) {
    grille_v1_HealthCheckRequest request = {0};
    grille_own_grille_v1_health_check_reply reply;
    services_pair strict;
    grille_health *other = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(grille_health_new(&other, &error), GRILLE_OK);
    services_pair_new(&strict, services_policy("[\"/test.E2e/Echo\"]", ""), NULL);
    assert_int_equal(grille_health_register(other, grille_server_services(strict.server), &error), GRILLE_OK);
    /* Twice in one set is one too many. */
    assert_int_equal(grille_health_register(other, grille_server_services(strict.server), &error),
                     GRILLE_ALREADY_EXISTS);
    services_pair_start(&strict, "strict", NULL);
    assert_int_equal(grille_own_grille_v1_health_check(strict.channel, &request, NULL, &reply),
                     GRILLE_PERMISSION_DENIED);
    grille_own_grille_v1_health_check_reply_free(&reply);
    services_pair_close(&strict);
    grille_health_free(other);
}

/* ---- what a channel with several peers uses ---- */

typedef struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int serving; /* -1: nothing was told */
    int ended;
    grille_code code;
} told;

static void on_change(void *user, bool serving) {
    told *own = user;
    pthread_mutex_lock(&own->lock);
    own->serving = serving;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static void on_ended(void *user, grille_code code) {
    told *own = user;
    pthread_mutex_lock(&own->lock);
    own->ended++;
    own->code = code;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static const grille_health_events events = {on_change, on_ended};

static void wait_for(told *own, int serving, int ended) {
    pthread_mutex_lock(&own->lock);
    while (own->serving != serving || own->ended != ended)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

/* A source works on the loop's thread: in the callback of a call, whatever comes of that. */
typedef struct errand {
    const grille_health_source *source;
    const char *service;
    told *user;
    grille_health_watch *watch; /* NULL: start one, else stop it */
    bool done;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} errand;

static void run_errand(const grille_own_grille_v1_health_check_reply *reply, void *user) {
    errand *own = user;
    (void)reply;
    if (own->watch == NULL) {
        own->watch = own->source->start(pair.channel, own->service, &events, own->user);
    } else {
        own->source->stop(own->watch);
    }
    pthread_mutex_lock(&own->lock);
    own->done = true;
    pthread_cond_signal(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static grille_health_watch *on_loop(errand own) {
    const grille_v1_HealthCheckRequest request = {.service = bytes_of("")};
    pthread_mutex_init(&own.lock, NULL);
    pthread_cond_init(&own.changed, NULL);
    assert_int_equal(grille_own_grille_v1_health_check_async(pair.channel, &request, NULL, run_errand, &own, NULL),
                     GRILLE_OK);
    pthread_mutex_lock(&own.lock);
    while (!own.done)
        pthread_cond_wait(&own.changed, &own.lock);
    pthread_mutex_unlock(&own.lock);
    pthread_cond_destroy(&own.changed);
    pthread_mutex_destroy(&own.lock);
    return own.watch;
}

static grille_health_watch *start_on_loop(const grille_channel_options *options, const char *service, told *user) {
    grille_health_watch *watch = on_loop((errand){.source = options->health_source, .service = service, .user = user});
    assert_non_null(watch);
    return watch;
}

static void stop_on_loop(const grille_channel_options *options, grille_health_watch *watch) {
    (void)on_loop((errand){.source = options->health_source, .watch = watch});
}

static void a_server_that_drains_says_so_and_is_not_held_up(void **state) {
    static told one = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, -1, 0, GRILLE_UNKNOWN};
    grille_channel_options options = grille_channel_options_default();
    grille_health_watch *watching = NULL;
    (void)state;
    grille_channel_options_use_health(&options, NULL);
    watching = start_on_loop(&options, NULL, &one);
    wait_for(&one, 1, 0);
    /* Its drain timeout is 10 s, after which calls that still run would end UNAVAILABLE. */
    grille_server_stop(pair.server);
    wait_for(&one, 0, 1);
    assert_int_equal(one.code, GRILLE_OK);
    stop_on_loop(&options, watching);
    assert_int_equal(grille_health_set(health, "", GRILLE_SERVING), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_health_set(health, "", GRILLE_NOT_SERVING), GRILLE_OK);
}

static void the_source_of_a_channel(void **state) {
    static told one = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, -1, 0, GRILLE_OK};
    static told two = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, -1, 0, GRILLE_OK};
    grille_channel_options options = grille_channel_options_default();
    grille_health_watch *first = NULL, *second = NULL;
    (void)state;
    grille_channel_options_use_health(&options, "s");
    assert_non_null(options.health_source);
    assert_string_equal(options.health_service, "s");
    assert_int_equal(grille_health_set(health, "s", GRILLE_SERVING), GRILLE_OK);
    first = start_on_loop(&options, "s", &one);
    second = start_on_loop(&options, NULL, &two);
    wait_for(&one, 1, 0);
    wait_for(&two, 1, 0);
    assert_int_equal(grille_health_set(health, "s", GRILLE_NOT_SERVING), GRILLE_OK);
    wait_for(&one, 0, 0);
    /* Not alive is not serving, whatever the service says. */
    grille_health_set_alive(health, false);
    wait_for(&two, 0, 0);
    stop_on_loop(&options, first);
    stop_on_loop(&options, second);
}

/* Two servers behind one channel: calls go where "s" is serving. Which one answered: each knows a name of its own. */
static bool answered_by_first(grille_channel *channel) {
    const grille_v1_HealthCheckRequest request = {.service = bytes_of("first")};
    grille_own_grille_v1_health_check_reply reply;
    grille_code code = grille_own_grille_v1_health_check(
        channel, &request, &GRILLE_CALL_OPTIONS(.wait_for_ready = true, .timeout_ms = 20000), &reply);
    grille_own_grille_v1_health_check_reply_free(&reply);
    assert_true(code == GRILLE_OK || code == GRILLE_NOT_FOUND);
    return code == GRILLE_OK;
}

/* The change is on its way: until 20 calls in a row went to the one that serves. */
static void wait_for_answers(grille_channel *channel, bool by_first) {
    for (int in_a_row = 0; in_a_row < 20;)
        in_a_row = answered_by_first(channel) == by_first ? in_a_row + 1 : 0;
}

static void a_channel_leaves_out_who_does_not_serve(void **state) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_health *second_health = NULL;
    services_pair second;
    grille_error error;
    (void)state;
    assert_int_equal(grille_health_new(&second_health, &error), GRILLE_OK);
    services_pair_new(&second, NULL, NULL);
    assert_int_equal(grille_health_register(second_health, grille_server_services(second.server), &error), GRILLE_OK);
    services_pair_start(&second, "health2", NULL);
    assert_int_equal(grille_health_set(health, "first", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(grille_health_set(health, "s", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(grille_health_set(second_health, "s", GRILLE_NOT_SERVING), GRILLE_OK);
    options.policy = services_world.trusts_gateway;
    options.identity = services_world.parent;
    options.balancing = GRILLE_ROUND_ROBIN;
    grille_channel_options_use_health(&options, "s");
    assert_int_equal(grille_channel_open("inproc:health,inproc:health2", &options, &channel, &error), GRILLE_OK);
    wait_for_answers(channel, true);
    assert_int_equal(grille_health_set(second_health, "s", GRILLE_SERVING), GRILLE_OK);
    assert_int_equal(grille_health_set(health, "s", GRILLE_NOT_SERVING), GRILLE_OK);
    wait_for_answers(channel, false);
    grille_channel_close(channel);
    services_pair_close(&second);
    grille_health_free(second_health);
}

int main(int count, char **arguments) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(check_tells_readiness_and_liveness_apart),
        CASE(list_has_all_names_and_no_more_than_may_be),
        CASE(watch_tells_what_is_and_what_changes),
        CASE(changes_are_coalesced_and_the_last_one_comes),
        CASE(any_thread_may_say_and_every_watcher_hears_the_last),
        CASE(a_server_that_drains_says_so_and_is_not_held_up),
        CASE(it_is_asked_only_where_the_policy_says_so),
        CASE(the_source_of_a_channel),
        CASE(a_channel_leaves_out_who_does_not_serve),
    };
    (void)count;
    services_arguments(arguments);
    return cmocka_run_group_tests(tests, services_set_up, services_tear_down);
}
