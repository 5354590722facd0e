/* SPDX-License-Identifier: Apache-2.0
 * Goal: two connections on one loop, turned by hand: each event comes once and in order, however the bytes are cut; an
 * idle connection leaves no plaintext behind; a peer that vanishes or lingers costs a bounded time. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "failing_watch.h"
#include "loop/connection.h"
#include "loop/socket.h"
#include "world.h"

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up_all(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down_all(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

/* ---- Two ends ---- */

typedef struct end {
    grille_connection *connection;
    unsigned started, open, ended, freed;
    grille_error why;
} end;

static void on_started(grille_connection *connection, void *user) {
    end *own = user;
    assert_int_equal(own->started++, 0);
    assert_non_null(grille_connection_endpoint(connection));
    assert_non_null(grille_connection_peer(connection));
}

static void on_open(grille_connection *connection, void *user) {
    end *own = user;
    assert_int_equal(own->started, 1);
    assert_int_equal(own->open++, 0);
    assert_true(grille_connection_is_open(connection));
}

static void on_progress(grille_connection *connection, void *user) {
    end *own = user;
    (void)connection;
    assert_int_equal(own->started, 1);
    assert_int_equal(own->ended, 0);
}

static void on_ended(grille_connection *connection, const grille_error *why, void *user) {
    end *own = user;
    assert_int_equal(own->ended++, 0);
    assert_null(grille_connection_endpoint(connection));
    own->why = *why;
}

static void on_freed(grille_connection *connection, void *user) {
    end *own = user;
    (void)connection;
    assert_int_equal(own->ended, 1);
    assert_int_equal(own->freed++, 0);
    own->connection = NULL;
}

static const grille_connection_events events = {on_started, on_open, NULL, on_progress, on_ended, NULL, on_freed};

typedef struct bed {
    grille_loop loop;
    grille_services *registry;
    e2e_counts counts;
    end client, server;
    int relay[2]; /* our ends, when we stand in between; else -1 */
} bed;

static grille_code answer(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method_handler invoke[E2E_METHODS] = {{.invoke = answer}, {.invoke = answer}, {.invoke = answer}};

static void open_end(bed *b, end *own, int fd, grille_secure_role role) {
    bool client = role == GRILLE_INITIATOR;
    grille_connection_options options = {
        .role = role,
        .crypto = grille_crypto_wolf(),
        .identity = client ? w.parent : w.gateway,
        .policy = client ? w.trusts_gateway : w.trusts_parent,
        .registry = client ? NULL : b->registry,
        .max_streams = 100,
        .max_message_bytes = 4 << 20,
        .max_memory_bytes = 64 << 20,
        .name = client ? "client" : "server",
    };
    grille_error error;
    assert_int_equal(grille_socket_adopt(fd), 0);
    if (grille_connection_new(&b->loop, grille_conduit_of_fd(fd), &options, &events, own, &own->connection, &error) !=
        GRILLE_REASON_OK) {
        fail_msg("%s", error.text);
    }
}

static void make_pair(int ends[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static bed *open_bed(bool relayed) {
    bed *b = calloc(1, sizeof *b);
    int left[2], right[2];
    grille_error error;
    assert_int_equal(grille_loop_init(&b->loop, 0, &error), GRILLE_REASON_OK);
    assert_int_equal(grille_services_new(&b->registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(b->registry, &e2e_service, invoke, NULL, &b->counts, &error),
                     GRILLE_REASON_OK);
    make_pair(left);
    b->relay[0] = b->relay[1] = -1;
    if (relayed) {
        make_pair(right);
        b->relay[0] = left[1];
        b->relay[1] = right[1];
    } else {
        right[0] = left[1];
    }
    open_end(b, &b->client, left[0], GRILLE_INITIATOR);
    open_end(b, &b->server, right[0], GRILLE_RESPONDER);
    return b;
}

/* What a relay passes in one turn, in each direction. */
static void pass(const bed *b, size_t count) {
    char bytes[4096];
    if (b->relay[0] < 0) return;
    for (int i = 0; i < 2; i++) {
        long moved = grille_socket_read(b->relay[i], bytes, count);
        if (moved > 0) assert_int_equal(grille_socket_write(b->relay[1 - i], bytes, (size_t)moved), moved);
    }
}

static void turn_until(bed *b, const unsigned *counter, unsigned wanted, size_t relay_count) {
    for (int i = 0; i < 60000 && *counter < wanted; i++) {
        pass(b, relay_count);
        grille_loop_turn(&b->loop, false);
        if (i > 30000) usleep(500);
    }
    assert_int_equal(*counter, wanted);
}

static void close_bed(bed *b) {
    if (b->client.connection != NULL) grille_connection_close(b->client.connection, GRILLE_CANCELLED, "test over");
    for (int i = 0; i < 2; i++) {
        if (b->relay[i] >= 0) (void)close(b->relay[i]);
    }
    turn_until(b, &b->client.freed, 1, 0);
    turn_until(b, &b->server.freed, 1, 0);
    grille_loop_deinit(&b->loop);
    grille_services_free(b->registry);
    free(b);
}

/* ---- Calls ---- */

typedef struct outcome {
    unsigned done;
    grille_code code;
    char text[512];
} outcome;

static void on_done(grille_call *call, void *user) {
    outcome *own = user;
    grille_reply reply;
    grille_client_call_take_reply(call, &reply);
    own->done++;
    own->code = reply.code;
    const fake_message *response = reply.response;
    (void)strncpy(own->text, response != NULL ? response->text : reply.message, sizeof own->text - 1);
    grille_reply_free(&reply);
    grille_call_unref(call);
}

static void start_call(bed *b, grille_call_pool *pool, const char *text, outcome *own) {
    const fake_message message = {text};
    grille_client_call_request request = {.method = &e2e_methods[E2E_ECHO],
                                          .message = &message,
                                          .max_response_bytes = 4 << 20,
                                          .now_us = grille_clock_us(),
                                          .done = on_done,
                                          .user = own};
    grille_call *call = NULL;
    memset(own, 0, sizeof *own);
    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    assert_true(grille_endpoint_start(grille_connection_endpoint(b->client.connection), call, grille_clock_us()));
    grille_connection_changed(b->client.connection);
}

static void call_through(bed *b, size_t relay_count) {
    grille_call_pool *pool = NULL;
    outcome own;
    assert_int_equal(grille_call_pool_new(4, &pool), GRILLE_REASON_OK);
    start_call(b, pool, "a secret of the test", &own);
    turn_until(b, &own.done, 1, relay_count);
    assert_int_equal(own.code, GRILLE_OK);
    assert_string_equal(own.text, "a secret of the test");
    grille_call_pool_unref(pool);
}

/* ---- Tests ---- */

static void test_each_event_comes_once(void **state) {
    (void)state;
    bed *b = open_bed(false);
    turn_until(b, &b->server.open, 1, 0);
    turn_until(b, &b->client.open, 1, 0);
    assert_string_equal(grille_connection_peer(b->client.connection)->name, WORLD_GATEWAY);
    assert_string_equal(grille_connection_peer(b->server.connection)->name, WORLD_PARENT);
    call_through(b, 0);
    close_bed(b);
}

static void test_however_the_bytes_are_cut(void **state) {
    static const size_t counts[] = {1, 2, 3, 7, 64, 1000, 4096};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        bed *b = open_bed(true);
        turn_until(b, &b->client.open, 1, counts[i]);
        call_through(b, counts[i]);
        assert_int_equal(b->server.open, 1);
        close_bed(b);
    }
}

/* Whole handshakes wait in the socket while a step is due: each turn does one. */
static void test_one_step_of_all_handshakes_per_turn(void **state) {
    enum { BEDS = 4 };
    (void)state;
    bed *b = open_bed(false);
    end more[BEDS][2];
    int ends[2];
    memset(more, 0, sizeof more);
    for (int i = 0; i < BEDS; i++) {
        make_pair(ends);
        open_end(b, &more[i][0], ends[0], GRILLE_INITIATOR);
        open_end(b, &more[i][1], ends[1], GRILLE_RESPONDER);
    }
    unsigned started = 0;
    for (int turn = 0; turn < 10000 && started < 2 * BEDS; turn++) {
        unsigned now = 0;
        grille_loop_turn(&b->loop, false);
        for (int i = 0; i < BEDS; i++)
            now += more[i][0].started + more[i][1].started;
        /* Only a step starts a connection. */
        assert_true(now <= started + 1);
        started = now;
    }
    assert_int_equal(started, 2 * BEDS);
    for (int i = 0; i < BEDS; i++)
        grille_connection_close(more[i][0].connection, GRILLE_CANCELLED, "test over");
    for (int i = 0; i < BEDS; i++) {
        turn_until(b, &more[i][0].freed, 1, 0);
        turn_until(b, &more[i][1].freed, 1, 0);
    }
    close_bed(b);
}

static bool holds_secret(const uint8_t *bytes, size_t len) {
    return memmem(bytes, len, "a secret of the test", 20) != NULL;
}

static void wait_until_clean(bed *b) {
    for (int i = 0; i < 20000 && b->loop.plain_dirty + b->loop.send_dirty != 0; i++) {
        usleep(1000);
        grille_loop_turn(&b->loop, false);
    }
    assert_int_equal(b->loop.plain_dirty + b->loop.send_dirty, 0);
}

static void test_idle_connections_leave_no_plaintext(void **state) {
    (void)state;
    bed *b = open_bed(false);
    turn_until(b, &b->client.open, 1, 0);
    wait_until_clean(b);
    grille_time_us start_us = grille_clock_us();
    call_through(b, 0);
    assert_true(holds_secret(b->loop.plain, b->loop.plain_dirty) || holds_secret(b->loop.send, b->loop.send_dirty));
    wait_until_clean(b);
    /* Not with each call. */
    assert_true(grille_clock_us() - start_us >= GRILLE_CONNECTION_IDLE_MS * 1000 / 2);
    assert_false(holds_secret(b->loop.plain, GRILLE_LOOP_PLAIN_BYTES));
    assert_false(holds_secret(b->loop.send, GRILLE_LOOP_SEND_BYTES));
    call_through(b, 0);
    close_bed(b);
}

static void test_closing_wipes_too(void **state) {
    (void)state;
    bed *b = open_bed(false);
    turn_until(b, &b->client.open, 1, 0);
    call_through(b, 0);
    grille_connection_close(b->client.connection, GRILLE_CANCELLED, "enough");
    turn_until(b, &b->client.freed, 1, 0);
    turn_until(b, &b->server.freed, 1, 0);
    assert_false(holds_secret(b->loop.plain, GRILLE_LOOP_PLAIN_BYTES));
    assert_false(holds_secret(b->loop.send, GRILLE_LOOP_SEND_BYTES));
    close_bed(b);
}

static void test_goodbye_reaches_the_peer(void **state) {
    (void)state;
    bed *b = open_bed(false);
    turn_until(b, &b->client.open, 1, 0);
    grille_connection_close(b->server.connection, GRILLE_UNAVAILABLE, "enough");
    assert_int_equal(b->server.why.code, GRILLE_OK);
    turn_until(b, &b->client.ended, 1, 0);
    assert_string_equal(b->client.why.name, "LOOP-PEER-CLOSED");
    assert_non_null(strstr(b->client.why.text, "in good order"));
    close_bed(b);
}

/* A line that is cut at any point of the handshake, and after it. */
static void test_cut_lines(void **state) {
    (void)state;
    for (int turns = 0; turns < 60; turns += 3) {
        bed *b = open_bed(true);
        for (int i = 0; i < turns; i++) {
            pass(b, 512);
            grille_loop_turn(&b->loop, false);
        }
        (void)close(b->relay[0]);
        (void)close(b->relay[1]);
        b->relay[0] = b->relay[1] = -1;
        turn_until(b, &b->client.ended, 1, 0);
        turn_until(b, &b->server.ended, 1, 0);
        assert_int_equal(b->client.why.code, GRILLE_UNAVAILABLE);
        assert_int_equal(b->server.why.code, GRILLE_UNAVAILABLE);
        close_bed(b);
    }
}

static void test_calls_end_with_their_connection(void **state) {
    grille_call_pool *pool = NULL;
    outcome own[5];
    (void)state;
    bed *b = open_bed(true);
    turn_until(b, &b->client.open, 1, 4096);
    assert_int_equal(grille_call_pool_new(4, &pool), GRILLE_REASON_OK);
    for (int i = 0; i < 5; i++)
        start_call(b, pool, "lost", &own[i]);
    (void)close(b->relay[0]);
    b->relay[0] = -1;
    turn_until(b, &b->client.ended, 1, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(own[i].done, 1);
        assert_int_equal(own[i].code, GRILLE_UNAVAILABLE);
    }
    (void)close(b->relay[1]);
    b->relay[1] = -1;
    grille_call_pool_unref(pool);
    close_bed(b);
}

static void expect_unwatched(const end *own) {
    assert_int_equal(own->why.code, GRILLE_UNAVAILABLE);
    assert_string_equal(own->why.name, "LOOP-CONNECTION-LOST");
    assert_non_null(
        strstr(own->why.text, "the socket can't be watched: File exists. Likely something in this process"));
}

/* Nothing would ever wake such a connection. */
static void test_a_socket_that_can_not_be_watched(void **state) {
    (void)state;
    watches_refused = 1;
    bed *b = open_bed(false);
    assert_int_equal(b->client.ended, 0); /* never inside of what began it */
    turn_until(b, &b->client.ended, 1, 0);
    expect_unwatched(&b->client);
    assert_int_equal(watches_refused, 0);
    turn_until(b, &b->client.freed, 1, 0);
    turn_until(b, &b->server.freed, 1, 0);
    close_bed(b);
}

/* A request that the socket does not take whole waits for it to become writable. */
static void test_a_socket_that_can_not_be_watched_any_more(void **state) {
    enum { TEXT_BYTES = 2 << 20 };
    char *text = malloc(TEXT_BYTES + 1);
    grille_call_pool *pool = NULL;
    outcome own;
    (void)state;
    assert_non_null(text);
    memset(text, 'x', TEXT_BYTES);
    text[TEXT_BYTES] = '\0';
    bed *b = open_bed(true);
    turn_until(b, &b->client.open, 1, 4096);
    turn_until(b, &b->server.open, 1, 4096);
    assert_int_equal(grille_call_pool_new(4, &pool), GRILLE_REASON_OK);
    start_call(b, pool, text, &own);
    watches_refused = 1;
    /* Nothing is passed on from here. */
    turn_until(b, &b->client.ended, 1, 0);
    expect_unwatched(&b->client);
    assert_int_equal(watches_refused, 0);
    assert_int_equal(own.done, 1);
    assert_int_equal(own.code, GRILLE_UNAVAILABLE);
    turn_until(b, &b->client.freed, 1, 0);
    grille_call_pool_unref(pool);
    close_bed(b);
    free(text);
}

/* A peer that was told goodbye and neither closes nor stops talking: 500 ms, 1 MiB, then it is over. */
static void test_lingering_is_bounded(void **state) {
    char bytes[4096] = {0};
    (void)state;
    for (int talks = 0; talks < 2; talks++) {
        size_t taken = 0;
        bed *b = open_bed(true);
        turn_until(b, &b->client.open, 1, 4096);
        grille_time_us start_us = grille_clock_us();
        grille_connection_close(b->server.connection, GRILLE_UNAVAILABLE, "enough");
        while (b->server.freed == 0) {
            long moved = talks == 0 ? 0 : grille_socket_write(b->relay[1], bytes, sizeof bytes);
            if (moved > 0) taken += (size_t)moved;
            grille_loop_turn(&b->loop, false);
            assert_true(grille_clock_us() - start_us < 20 * 1000000);
        }
        if (talks == 0) {
            assert_true(grille_clock_us() - start_us >= GRILLE_LIMIT_LINGER_MS * 1000);
        } else {
            /* What the socket itself holds comes on top; less only when there was no time for more. */
            bool in_time = grille_clock_us() - start_us < GRILLE_LIMIT_LINGER_MS * 1000;
            assert_in_range(taken, in_time ? GRILLE_LIMIT_LINGER_BYTES : 1, GRILLE_LIMIT_LINGER_BYTES + 1048576);
        }
        close_bed(b);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_event_comes_once),
        cmocka_unit_test(test_however_the_bytes_are_cut),
        cmocka_unit_test(test_one_step_of_all_handshakes_per_turn),
        cmocka_unit_test(test_idle_connections_leave_no_plaintext),
        cmocka_unit_test(test_closing_wipes_too),
        cmocka_unit_test(test_goodbye_reaches_the_peer),
        cmocka_unit_test(test_cut_lines),
        cmocka_unit_test(test_calls_end_with_their_connection),
        cmocka_unit_test(test_a_socket_that_can_not_be_watched),
        cmocka_unit_test(test_a_socket_that_can_not_be_watched_any_more),
        cmocka_unit_test(test_lingering_is_bounded),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
