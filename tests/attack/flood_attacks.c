/* SPDX-License-Identifier: Apache-2.0
 * A flood of connections while established callers call: it has succeeded when it once made a call wait for more than
 * one step of somebody's handshake. Steps and calls are counted, not time. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

enum { CONNECTS = 2000, OPEN_AT_ONCE = 96, STEPS = 600, WAITED = 40, CONNECTS_MAX = 200000 };

typedef struct caller {
    grille_channel *channel;
    pthread_t thread;
    int fd; /* the channel's */
    unsigned number;
    atomic_bool *stops;
    atomic_uint failed;
    atomic_uint written; /* calls that lie in the server's socket, or did */
    /* at the last step */
    bool waited;
    unsigned ran;
} caller;

typedef struct flood {
    stage_server server;
    caller callers[STAGE_CALLERS];
    atomic_bool stops;
    atomic_uint steps;
    atomic_uint waited;  /* steps at whose begin a call lay in the server's socket */
    atomic_uint stalled; /* of those, the ones after which it still lay there at the next step's begin */
} flood;

static void *call_on(void *argument) {
    caller *own = argument;
    char text[4];
    (void)snprintf(text, sizeof text, "#%u", own->number);
    while (!atomic_load(own->stops)) {
        if (honest_call(own->channel, text) != GRILLE_OK) atomic_fetch_add(&own->failed, 1);
    }
    return NULL;
}

static void open_caller(flood *f, unsigned number) {
    caller *own = &f->callers[number];
    grille_channel_options options = grille_channel_options_default();
    char address[16];
    grille_error error;
    own->fd = bad_peer_dial(f->server.address);
    own->number = number;
    own->stops = &f->stops;
    assert_true(own->fd >= 0);
    (void)snprintf(address, sizeof address, "fd:%d", own->fd);
    options.policy = on_stage.trusts_enclave;
    options.identity = on_stage.parent;
    options.spin_us = 0;
    if (grille_channel_open(address, &options, &own->channel, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(honest_call(own->channel, "first"), GRILLE_OK);
}

/* A call is one write. Once that has returned, the server's next look at its sockets finds it. */
static void count_write(void *user, int fd) {
    flood *f = user;
    for (unsigned i = 0; i < STAGE_CALLERS; i++)
        if (f->callers[i].fd == fd) atomic_fetch_add(&f->callers[i].written, 1);
}

/* On the server's thread. Each caller has one call under way, and sends nothing else. */
static void look(void *user) {
    flood *f = user;
    bool waits = false;
    for (unsigned i = 0; i < STAGE_CALLERS; i++) {
        caller *own = &f->callers[i];
        const unsigned ran = atomic_load(&f->server.ran_for[i]);
        if (own->waited && ran == own->ran) atomic_fetch_add(&f->stalled, 1);
        own->ran = ran;
        own->waited = (int)(atomic_load(&own->written) - ran) > 0; /* fewer: it was quicker than its writer */
        waits = waits || own->waited;
    }
    atomic_fetch_add(&f->steps, 1);
    if (waits) atomic_fetch_add(&f->waited, 1);
}

/* As far as its Hello; the server takes its time. */
static int half_a_gate(const flood *f) {
    bad_peer *peer = NULL;
    int fd = bad_peer_dial(f->server.address);
    if (fd < 0) return -1;
    peer = bad_peer_new(fd, true, on_stage.insider, on_stage.now_ms);
    bad_peer_start(peer);
    if (bad_peer_until(peer, bad_peer_is_up, 1000)) {
        (void)bad_gate_hello(peer, "");
        bad_peer_flush(peer);
    }
    fd = dup(peer->fd);
    bad_peer_free(peer);
    return fd;
}

static int connect_one(const flood *f, unsigned number, grille_bytes client_hello) {
    int fd = -1;
    if (number % 16 == 15) return half_a_gate(f);
    fd = bad_peer_dial(f->server.address);
    if (fd >= 0 && number % 2 == 1) (void)send(fd, client_hello.data, client_hello.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return fd;
}

/* True when it was closed without a word. */
static bool was_turned_away(int fd) {
    uint8_t byte = 0;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static bool is_enough(const flood *f, unsigned connects) {
    return connects >= CONNECTS && atomic_load(&f->steps) >= STEPS && atomic_load(&f->waited) >= WAITED;
}

/* Answers how many were turned away. */
static unsigned rush(flood *f) {
    evil_end *client = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = on_stage.now_ms});
    int fds[OPEN_AT_ONCE];
    unsigned connects = 0, turned_away = 0;
    memset(fds, 0xff, sizeof fds);
    while (!is_enough(f, connects)) {
        int *fd = &fds[connects % OPEN_AT_ONCE];
        if (*fd >= 0) {
            turned_away += was_turned_away(*fd);
            (void)close(*fd);
        }
        *fd = connect_one(f, connects, evil_end_outgoing(client));
        if (*fd < 0) (void)usleep(100); /* more wait to be accepted than the kernel lets */
        if (*fd >= 0 && connects++ == CONNECTS_MAX) fail_msg("%u steps, %u with a call", f->steps, f->waited);
    }
    for (unsigned i = 0; i < OPEN_AT_ONCE; i++)
        if (fds[i] >= 0) (void)close(fds[i]);
    evil_end_free(client);
    return turned_away;
}

static bool connect_flood(void) {
    static flood f;
    unsigned turned_away = 0;
    memset(&f, 0, sizeof f);
    stage_server_start(&f.server, &on_stage.enclave, NULL);
    for (unsigned i = 0; i < STAGE_CALLERS; i++)
        open_caller(&f, i);
    stage_watch_writes(count_write, &f);
    for (unsigned i = 0; i < STAGE_CALLERS; i++)
        assert_int_equal(pthread_create(&f.callers[i].thread, NULL, call_on, &f.callers[i]), 0);
    stage_watch_steps(look, &f);
    turned_away = rush(&f);
    stage_watch_steps(NULL, NULL);
    atomic_store(&f.stops, true);
    for (unsigned i = 0; i < STAGE_CALLERS; i++) {
        assert_int_equal(pthread_join(f.callers[i].thread, NULL), 0);
        assert_int_equal(atomic_load(&f.callers[i].failed), 0);
        grille_channel_close(f.callers[i].channel);
    }
    stage_watch_writes(NULL, NULL);
    stage_server_stop(&f.server);
    print_message("%u steps, %u of them with a call that waited, %u calls stalled; %u calls, %u turned away\n", f.steps,
                  f.waited, f.stalled, f.server.ran, turned_away);
    if (turned_away > 0) middle_set_reason("LOOP-HALF-OPEN-LIMIT");
    return atomic_load(&f.stalled) > 0;
}

static const attack attacks[] = {
    {"connect flood that stalls established calls", DEFENCE(one_step), "LOOP-HALF-OPEN-LIMIT", connect_flood},
};
const attack_list flood_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
