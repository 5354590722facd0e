/* SPDX-License-Identifier: Apache-2.0
 * Goal: a flow is driven to its end over a connection, whatever pieces it takes, and never longer than allowed. */
#include "kms/pump.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "parent_tests.h"

/* Larger than socket buffers, so that sending and receiving interleave. */
enum { LARGE = 4 << 20 };

static uint8_t large[LARGE];
static int listener;
static grille_address address;
static grille_error error;

/* What the other end does. */
typedef enum mood { ECHO, SILENT, CLOSES } mood;

static void *other_end(void *user) {
    static uint8_t buffer[65536];
    const mood *how = user;
    const int connection = accept(listener, NULL, NULL);
    ssize_t got = 0;
    while (*how != CLOSES && (got = read(connection, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; *how == ECHO && at < got;) {
            const ssize_t sent = send(connection, buffer + at, (size_t)(got - at), MSG_NOSIGNAL);
            if (sent <= 0) break;
            at += sent;
        }
    (void)close(connection);
    return NULL;
}

/* Under a name that the kernel chooses (unix(7), "Autobind feature"): other runs may be at it, too. */
static void listen_there(void) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof un;
    char text[64];
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&un, sizeof un.sun_family), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&un, &len), 0);
    assert_int_equal(listen(listener, 1), 0);
    (void)snprintf(text, sizeof text, "unix-abstract:%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
                   &un.sun_path[1]);
    assert_int_equal(grille_address_parse(text, &address, &error), GRILLE_REASON_OK);
}

typedef struct flow {
    size_t sent, received, wanted;
    bool ended;
} flow;

static grille_bytes outgoing(void *user) {
    const flow *own = user;
    return grille_bytes_of(large + own->sent, own->wanted - own->sent);
}

static void sent(void *user, size_t len) {
    ((flow *)user)->sent += len;
}

static grille_reason feed(void *user, grille_bytes bytes, grille_error *why) {
    flow *own = user;
    (void)why;
    assert_true(bytes.len <= own->wanted - own->received);
    assert_memory_equal(bytes.data, large + own->received, bytes.len);
    own->received += bytes.len;
    return own->received == own->wanted ? GRILLE_REASON_OK : GRILLE_REASON_MORE;
}

static grille_reason ended(void *user, grille_error *why) {
    (void)why;
    ((flow *)user)->ended = true;
    return GRILLE_REASON_KMS_CUT_SHORT;
}

static grille_reason run(flow *own, uint32_t timeout_ms, int stop) {
    const grille_pump_flow all = {.user = own, .outgoing = outgoing, .sent = sent, .feed = feed, .ended = ended};
    error = (grille_error){.code = GRILLE_OK};
    return grille_pump_run(&address, &all, timeout_ms, stop, &error);
}

static grille_reason run_with(mood how, flow *own, uint32_t timeout_ms, int stop) {
    pthread_t thread;
    listen_there();
    assert_int_equal(pthread_create(&thread, NULL, other_end, &how), 0);
    const grille_reason reason = run(own, timeout_ms, stop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(listener);
    return reason;
}

static void all_of_it(void **state) {
    flow own = {.wanted = LARGE};
    (void)state;
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 13);
    assert_int_equal(run_with(ECHO, &own, 60000, -1), GRILLE_REASON_OK);
    assert_int_equal(own.received, LARGE);
    assert_false(own.ended);
}

static void an_end(void **state) {
    flow own = {.wanted = 0};
    (void)state;
    assert_int_equal(run_with(CLOSES, &own, 60000, -1), GRILLE_REASON_KMS_CUT_SHORT);
    assert_true(own.ended);
}

static void no_answer_in_time(void **state) {
    flow own = {.wanted = 10};
    (void)state;
    assert_int_equal(run_with(SILENT, &own, 20, -1), GRILLE_REASON_LOOP_DIAL_TIMEOUT);
    assert_int_equal(own.sent, 10);
    assert_non_null(strstr(error.text, "no answer within 20 ms"));
}

static void a_stop(void **state) {
    flow own = {.wanted = 10};
    int stop[2];
    (void)state;
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(stop[1], "", 1), 1);
    assert_int_equal(run_with(SILENT, &own, 60000, stop[0]), GRILLE_REASON_LOOP_CHANNEL_CLOSED);
    (void)close(stop[0]);
    (void)close(stop[1]);
}

static void addresses(void **state) {
    static const struct {
        const char *text;
        grille_reason reason;
    } rows[] = {
        {"unix:/tmp/no/such/folder/socket", GRILLE_REASON_LOOP_DIAL},
        {"hybrid:/tmp/no/such/folder/socket:1", GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED},
        {"inproc:name", GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED},
        {"nitro:name:1", GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED},
    };
    flow own = {.wanted = 10};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(grille_address_parse(rows[i].text, &address, &error), GRILLE_REASON_OK);
        assert_int_equal(run(&own, 1000, -1), rows[i].reason);
        assert_non_null(strstr(error.text, rows[i].text));
    }
}

int pump_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it), cmocka_unit_test(an_end),    cmocka_unit_test(no_answer_in_time),
        cmocka_unit_test(a_stop),    cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
