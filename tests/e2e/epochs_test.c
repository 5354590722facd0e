/* SPDX-License-Identifier: Apache-2.0
 * Goal: both ends prove themselves anew under calls that run, and nobody notices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attest/path_cache.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "in_process.h"
#include "traffic.h"

static const char *grille_program, *server_program;
static e2e_world w;

/* ---- Helpers ---- */

static grille_channel *open_channel(const char *name) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    if (grille_channel_open(world_unix(&w, name), &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    return channel;
}

static grille_code call(grille_channel *channel, e2e_method method, const char *text, char answer[256]) {
    return e2e_call(channel, method, text, &GRILLE_CALL_OPTIONS(.timeout_ms = 20000), answer, 256);
}

static uint32_t epoch_of(grille_channel *channel) {
    grille_peer_identity peer;
    assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
    return peer.epoch;
}

/* Waits, at most half a minute. */
static void wait_for_epoch(grille_channel *channel, uint32_t epoch) {
    for (int ms = 0; epoch_of(channel) < epoch; ms++) {
        if (ms == 30000) fail_msg("epoch %u did not come", epoch);
        usleep(1000);
    }
    assert_int_equal(epoch_of(channel), epoch);
}

/* ---- Epochs ---- */

/* The bulk: large messages all the time, each answered whole. */
typedef struct bulk {
    grille_channel *channel;
    pthread_t thread;
    atomic_bool over;
    size_t messages, wrong;
} bulk;

static void *pour(void *user) {
    bulk *own = user;
    const fake_message request = {"huge:300000"};
    while (!atomic_load(&own->over)) {
        grille_reply reply;
        const grille_code code = grille_call_unary(own->channel, &e2e_methods[E2E_ECHO], &request,
                                                   &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &reply);
        const fake_message *response = reply.response;
        if (code != GRILLE_OK || response == NULL || strlen(response->text) != 300000) own->wrong++;
        own->messages++;
        grille_reply_free(&reply);
    }
    return NULL;
}

static void reattest_under_load(const char *kind) {
    static traffic load;
    server_process process = {.kind = kind};
    bulk stream = {.wrong = 0};
    grille_error error;
    server_start(&w, &process, world_unix(&w, kind));
    stream.channel = world_channel(&w, kind, process.address);
    if (grille_channel_wait_ready(stream.channel, 20000, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(epoch_of(stream.channel), 0);
    traffic_start(&load, stream.channel, false);
    assert_int_equal(pthread_create(&stream.thread, NULL, pour, &stream), 0);
    for (uint32_t epoch = 1; epoch <= 3; epoch++) {
        if (grille_channel_reattest(stream.channel, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
        wait_for_epoch(stream.channel, epoch);
    }
    atomic_store(&stream.over, true);
    (void)pthread_join(stream.thread, NULL);
    assert_int_equal(stream.wrong, 0);
    assert_true(traffic_end(&load) > 0);
    print_message("%s: %zu large and many small calls through 3 epochs\n", kind, stream.messages);
    grille_channel_close(stream.channel);
    server_kill(&process);
}

static void epochs_of_an_enclave_disturb_nothing(void **state) {
    (void)state;
    reattest_under_load("nitro");
}

static void epochs_of_x509_ends_disturb_nothing(void **state) {
    (void)state;
    reattest_under_load("x509");
}

/* One stream that is full in both directions all the time. */
static grille_code pour_back(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    (void)request;
    (void)response;
    (void)handlers;
    (void)user;
    while ((code = grille_call_read(call, &message)) == GRILLE_OK) {
        code = grille_call_write(call, message);
        if (code != GRILLE_OK) break;
    }
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static const grille_method pour_methods[1];
static const grille_service pour_service = {
    .name = "test.Bulk", .id = 0x20, .methods = pour_methods, .method_count = 1};
static const grille_method pour_methods[1] = {{.path = "/test.Bulk/Pour",
                                               .id = 0x21,
                                               .kind = GRILLE_METHOD_BIDIRECTIONAL,
                                               .flags = GRILLE_METHOD_OFFLOAD,
                                               .request = &fake_type,
                                               .response = &fake_type}};

typedef struct pouring {
    grille_call *call;
    atomic_bool over;
    atomic_uint received;
    unsigned sent, wrong;
} pouring;

static void *write_all_the_time(void *user) {
    pouring *own = user;
    const fake_message message = {"huge:60000"};
    for (; !atomic_load(&own->over); own->sent++) {
        if (grille_call_write(own->call, &message) != GRILLE_OK) break;
    }
    assert_int_equal(grille_call_half_close(own->call), GRILLE_OK);
    return NULL;
}

static void *read_all_the_time(void *user) {
    pouring *own = user;
    const void *came = NULL;
    while (grille_call_read(own->call, &came) == GRILLE_OK) {
        if (strlen(((const fake_message *)came)->text) != 60000) own->wrong++;
        atomic_fetch_add(&own->received, 1);
    }
    return NULL;
}

static grille_server *pouring_server(const char *name) {
    static const grille_method_handler invoke[] = {{.invoke = pour_back}};
    static e2e_counts counts;
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_policy *policy = NULL;
    grille_error error;
    const char *text = "peers:\n  - name: them\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"" WORLD_PARENT
                       "\"]\n    may_call: [\"/test.Bulk/*\", \"/test.E2e/Echo\", \"/test.E2e/Work\"]\n";
    assert_int_equal(grille_policy_parse(grille_bytes_of_text(text), "test.yaml", w.folder, &policy, &error),
                     GRILLE_OK);
    options.policy = policy;
    options.identity = w.gateway;
    assert_int_equal(grille_server_new(&options, &server, &error), GRILLE_OK);
    assert_int_equal(e2e_register(server, &counts, &error), GRILLE_OK);
    assert_int_equal(grille_server_register(server, &pour_service, invoke, NULL, NULL, &error), GRILLE_OK);
    assert_int_equal(grille_server_listen(server, world_unix(&w, name), &error), GRILLE_OK);
    assert_int_equal(grille_server_start(server, &error), GRILLE_OK);
    grille_policy_free(policy);
    return server;
}

static void a_bulk_stream_goes_on_through_epochs(void **state) {
    static traffic load;
    pouring stream = {.sent = 0};
    pthread_t writer, reader;
    grille_error error;
    grille_reply reply;
    grille_server *server = pouring_server("bulk");
    grille_channel *channel = open_channel("bulk");
    (void)state;
    assert_int_equal(grille_call_begin_stream(channel, &pour_methods[0], NULL, NULL, &stream.call, &error), GRILLE_OK);
    assert_int_equal(pthread_create(&writer, NULL, write_all_the_time, &stream), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, &stream), 0);
    traffic_start(&load, channel, false);
    for (uint32_t epoch = 1; epoch <= 3; epoch++) {
        const unsigned before = atomic_load(&stream.received);
        while (atomic_load(&stream.received) < before + 5)
            usleep(500);
        if (grille_channel_reattest(channel, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
        wait_for_epoch(channel, epoch);
    }
    atomic_store(&stream.over, true);
    (void)pthread_join(writer, NULL);
    (void)pthread_join(reader, NULL);
    assert_int_equal(grille_call_finish(stream.call, &reply), GRILLE_OK);
    grille_reply_free(&reply);
    assert_int_equal(stream.wrong, 0);
    assert_int_equal(atomic_load(&stream.received), stream.sent);
    print_message("%u messages of 60,000 bytes each way on one stream, %u unary calls, 3 epochs\n", stream.sent,
                  traffic_end(&load));
    grille_channel_close(channel);
    grille_server_free(server);
}

/* A channel of its own for each few calls: the signatures above the enclave's documents are known by then. */
static void a_second_channel_finds_the_cache_warm(void **state) {
    server_process process = {.kind = "nitro"};
    grille_path_cache_counters before, after;
    (void)state;
    server_start(&w, &process, world_unix(&w, "warm"));
    for (int i = 0; i < 2; i++) {
        grille_channel *channel = world_channel(&w, "nitro", process.address);
        grille_error error;
        if (i == 1) grille_path_cache_get_counters(grille_path_cache_shared(), &before);
        if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s", error.text);
        grille_channel_close(channel);
    }
    grille_path_cache_get_counters(grille_path_cache_shared(), &after);
    assert_int_equal(after.misses, before.misses);
    assert_true(after.hits > 0);
    server_kill(&process);
}

/* More often than may be: told so, and nothing breaks. */
static void asking_too_often_is_told(void **state) {
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "often", NULL, &counts);
    grille_channel *channel = open_channel("often");
    grille_code code = GRILLE_OK;
    char answer[256];
    (void)state;
    for (int i = 0; i < 100 && code == GRILLE_OK; i++) {
        const uint32_t epoch = epoch_of(channel);
        grille_error error;
        code = grille_channel_reattest(channel, &error);
        if (code == GRILLE_OK) {
            wait_for_epoch(channel, epoch + 1);
        } else {
            assert_int_equal(code, GRILLE_AGAIN);
            assert_string_equal(error.name, "GATE-TOO-SOON");
        }
    }
    assert_int_equal(code, GRILLE_AGAIN);
    assert_int_equal(call(channel, E2E_ECHO, "still here", answer), GRILLE_OK);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* The other end asks: by the channel that its server lends. */
static grille_channel *lent;
static atomic_bool was_lent;

static void keep_peer(grille_channel *peer, void *user) {
    (void)user;
    lent = grille_channel_ref(peer);
    atomic_store(&was_lent, true);
}

static void a_server_asks_for_an_epoch(void **state) {
    grille_server_options options = grille_server_options_default();
    e2e_counts counts = {.back = NULL};
    grille_error error;
    (void)state;
    options.on_peer = keep_peer;
    grille_server *server = in_process_server(&w, "asks", &options, &counts);
    grille_channel *channel = open_channel("asks");
    while (!atomic_load(&was_lent))
        usleep(500);
    assert_int_equal(epoch_of(lent), 0);
    assert_int_equal(grille_channel_reattest(lent, &error), GRILLE_OK);
    wait_for_epoch(lent, 1);
    wait_for_epoch(channel, 1);
    /* Its policy is the server's matter. */
    assert_int_equal(grille_channel_replace_policy(lent, w.trusts_parent, &error), GRILLE_FAILED_PRECONDITION);
    grille_channel_close(lent);
    grille_channel_close(channel);
    grille_server_free(server);
}

static int setup(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_of_an_enclave_disturb_nothing),
        cmocka_unit_test(epochs_of_x509_ends_disturb_nothing),
        cmocka_unit_test(a_bulk_stream_goes_on_through_epochs),
        cmocka_unit_test(a_second_channel_finds_the_cache_warm),
        cmocka_unit_test(asking_too_often_is_told),
        cmocka_unit_test(a_server_asks_for_an_epoch),
    };
    assert_int_equal(argc, 3);
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, setup, teardown);
}
