/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "grille/stats.h"
#include "loop/loop.h"
#include "tests/cost/cost.grille-nano.h"
#include "tests/cost/cost.grille-pb.h"
#include "wire/limits.h"

/* ---- the two ends ---- */

static grille_code ping(grille_call *call, const test_cost_v1_Ball *request, test_cost_v1_Ball *response, void *user) {
    (void)call;
    (void)user;
    response->payload = request->payload;
    return GRILLE_OK;
}

static void keep_to_one_cpu(void) {
    cpu_set_t allowed;
    cpu_set_t one;
    size_t cpu = 0;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    while (!CPU_ISSET(cpu, &allowed))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static grille_policy *make_policy(const e2e_world *world) {
    static const char text[] =
        "peers:\n  - name: parent\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"" WORLD_PARENT
        "\"]\n    may_call: [\"/test.cost.v1.Cost/Ping\"]\n";
    grille_policy *policy = NULL;
    grille_error error;
    FILE *file = fopen(world_path(world, "cost.yaml"), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (grille_policy_load(world_path(world, "cost.yaml"), &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return policy;
}

void cost_prepare(cost_pair *pair, const char *grille, const char *server) {
    world_init(&pair->world, grille, server);
    keep_to_one_cpu();
    pair->may_call = make_policy(&pair->world);
}

void cost_serve(cost_pair *pair) {
    static const test_cost_v1_cost_handlers handlers = {.ping = ping};
    grille_server_options options = grille_server_options_default();
    grille_error error;
    options.policy = pair->may_call;
    options.identity = pair->world.gateway;
    if (grille_server_new(&options, &pair->server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    assert_int_equal(test_cost_v1_cost_register(pair->server, &handlers, NULL), GRILLE_OK);
    if (grille_server_listen(pair->server, world_unix(&pair->world, "cost"), &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    if (grille_server_start(pair->server, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

void cost_open(cost_pair *pair, const char *grille, const char *server) {
    grille_error error;
    cost_prepare(pair, grille, server);
    cost_serve(pair);
    pair->channel = world_channel(&pair->world, "x509", grille_server_address(pair->server, 0));
    if (grille_channel_wait_ready(pair->channel, 30000, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

static bool has_connections(grille_channel *channel, unsigned count) {
    grille_stats *stats = NULL;
    assert_int_equal(grille_channel_get_stats(channel, &stats), GRILLE_OK);
    const bool has = stats->connection_count == count;
    grille_stats_free(stats);
    return has;
}

/* Of a channel: those of one are opened at once, and each has its time for that, under valgrind too. */
enum { IDLE_CONNECTIONS = 16 };

static grille_channel *open_idle(const cost_pair *pair, unsigned count) {
    char addresses[IDLE_CONNECTIONS * 128];
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    size_t used = 0;
    for (unsigned i = 0; i < count; i++) {
        used += (size_t)snprintf(addresses + used, sizeof addresses - used, "%s%s", i > 0 ? "," : "",
                                 grille_server_address(pair->server, 0));
        assert_true(used < sizeof addresses);
    }
    options.policy = pair->world.trusts_gateway;
    options.identity = pair->world.parent;
    options.balancing = GRILLE_ROUND_ROBIN;
    if (grille_channel_open(addresses, &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    while (!has_connections(channel, count))
        (void)usleep(1000);
    return channel;
}

void cost_stand_beside(cost_pair *pair, unsigned connections) {
    const unsigned most = IDLE_CONNECTIONS;
    for (unsigned opened = 0; opened < connections; opened += most) {
        assert_true(pair->idle_count < COST_IDLE_CHANNELS);
        pair->idle[pair->idle_count++] = open_idle(pair, connections - opened < most ? connections - opened : most);
    }
}

void cost_close(cost_pair *pair) {
    while (pair->idle_count > 0)
        grille_channel_close(pair->idle[--pair->idle_count]);
    grille_channel_close(pair->channel);
    grille_server_free(pair->server);
    cost_clean_up(pair);
}

void cost_clean_up(cost_pair *pair) {
    grille_policy_free(pair->may_call);
    world_deinit(&pair->world);
}

/* ---- calls ---- */

/* One load. Once it runs it belongs to the channel's loop thread. */
typedef struct load {
    grille_channel *channel;
    unsigned left;
    unsigned running;
    unsigned failed;
    grille_time_us last_us;
    bool paused;
    sem_t over;
} load;

static uint8_t payload[COST_PAYLOAD_BYTES];

static Test__Cost__V1__Ball ball(void) {
    Test__Cost__V1__Ball request = TEST__COST__V1__BALL__INIT;
    request.payload.data = payload;
    request.payload.len = sizeof payload;
    return request;
}

static void note_time(load *made) {
    const grille_time_us now_us = grille_clock_us();
    if (now_us - made->last_us >= GRILLE_CONNECTION_IDLE_MS * 1000 / 4) made->paused = true;
    made->last_us = now_us;
}

static void on_answer(const client_test_cost_v1_cost_ping_reply *reply, void *user);

static void start_one(load *made) {
    const Test__Cost__V1__Ball request = ball();
    made->left--;
    made->running++;
    if (client_test_cost_v1_cost_ping_async(made->channel, &request, NULL, on_answer, made, NULL) == GRILLE_OK) return;
    made->running--;
    made->failed++;
}

/* The first answer starts all that fly together, each other one the next. */
static void on_answer(const client_test_cost_v1_cost_ping_reply *reply, void *user) {
    load *made = user;
    note_time(made);
    if (reply->code != GRILLE_OK || reply->response->payload.len != COST_PAYLOAD_BYTES) made->failed++;
    made->running--;
    if (made->left > 0) start_one(made);
    if (made->running == 0) (void)sem_post(&made->over);
}

static void on_first_answer(const client_test_cost_v1_cost_ping_reply *reply, void *user) {
    load *made = user;
    const unsigned together = made->running;
    if (reply->code != GRILLE_OK) made->failed++;
    made->running = 0;
    for (unsigned i = 0; i < together && made->left > 0; i++)
        start_one(made);
    if (made->running == 0) (void)sem_post(&made->over);
}

static bool call_together(const cost_pair *pair, unsigned in_flight, unsigned count) {
    const Test__Cost__V1__Ball request = ball();
    load made = {.channel = pair->channel, .left = count - 1, .running = in_flight, .last_us = grille_clock_us()};
    assert_int_equal(sem_init(&made.over, 0, 0), 0);
    assert_int_equal(client_test_cost_v1_cost_ping_async(pair->channel, &request, NULL, on_first_answer, &made, NULL),
                     GRILLE_OK);
    while (sem_wait(&made.over) != 0) {
    }
    (void)sem_destroy(&made.over);
    assert_int_equal(made.failed, 0);
    return !made.paused;
}

static bool call_alone(const cost_pair *pair, unsigned count) {
    load made = {.last_us = grille_clock_us()};
    for (unsigned i = 0; i < count; i++) {
        const Test__Cost__V1__Ball request = ball();
        client_test_cost_v1_cost_ping_reply reply;
        const grille_code code = client_test_cost_v1_cost_ping(pair->channel, &request, NULL, &reply);
        if (code != GRILLE_OK) fail_msg("call %u: %s: %s", i, grille_code_name(code), reply.message);
        client_test_cost_v1_cost_ping_reply_free(&reply);
        note_time(&made);
    }
    return !made.paused;
}

bool cost_call_large(const cost_pair *pair, const uint8_t *bytes, size_t len, unsigned count) {
    load made = {.last_us = grille_clock_us()};
    for (unsigned i = 0; i < count; i++) {
        Test__Cost__V1__Ball request = TEST__COST__V1__BALL__INIT;
        client_test_cost_v1_cost_ping_reply reply;
        request.payload.data = (uint8_t *)(uintptr_t)bytes;
        request.payload.len = len;
        const grille_code code = client_test_cost_v1_cost_ping(pair->channel, &request, NULL, &reply);
        if (code != GRILLE_OK) fail_msg("call %u: %s: %s", i, grille_code_name(code), reply.message);
        assert_int_equal(reply.response->payload.len, len);
        assert_memory_equal(reply.response->payload.data, bytes, len);
        client_test_cost_v1_cost_ping_reply_free(&reply);
        note_time(&made);
    }
    return !made.paused;
}

bool cost_call_many(const cost_pair *pair, unsigned in_flight, unsigned count) {
    return in_flight == 1 ? call_alone(pair, count) : call_together(pair, in_flight, count);
}
