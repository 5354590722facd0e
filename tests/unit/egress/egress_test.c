/* SPDX-License-Identifier: Apache-2.0
 * Goal: ways out by reverse call carry every byte, many at once and none behind another; half-closes go through, what
 * is not allowed is refused, and whoever vanishes is noticed at the other end. */
#include "egress_world.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/error.h"
#include "failing_malloc.h"
#include "grille/log.h"
#include "grille/v1/egress.grille-nano.h"
#include "loop/transport.h"
#include "tests/unit/loop/support.h"
#include "wire/limits.h"

/* ---- Ways out, on a loop of the test's own ---- */

typedef struct way {
    grille_loop *loop;
    grille_egress *egress;
    grille_transport transport;
    bool told, open, over; /* over: nothing goes in either direction any more */
    bool keeps_silent;     /* takes nothing */
    bool shuts;            /* ends its direction when all is sent */
    char kind;             /* the first byte */
    size_t to_send, sent, received;
    uint32_t sum_sent, sum_received;
    bool read_end;
    long write_error;
    char last[3]; /* bytes that came */
    grille_error error;
} way;

static uint8_t byte_at(const way *w, size_t at) {
    return at == 0 ? (uint8_t)w->kind : (uint8_t)((at * 2654435761u) >> 24);
}

static void write_some(way *w) {
    uint8_t bytes[8192];
    while (w->sent < w->to_send) {
        const size_t left = w->to_send - w->sent, len = left < sizeof bytes ? left : sizeof bytes;
        for (size_t i = 0; i < len; i++)
            bytes[i] = byte_at(w, w->sent + i);
        const long moved = grille_transport_write(&w->transport, bytes, len);
        if (moved < 0) {
            if (moved != -EAGAIN) w->write_error = moved;
            return;
        }
        for (long i = 0; i < moved; i++)
            w->sum_sent = w->sum_sent * 31 + bytes[i];
        w->sent += (size_t)moved;
    }
    if (w->shuts) (void)!grille_transport_shutdown(&w->transport);
    w->shuts = false;
}

static void read_some(way *w) {
    uint8_t bytes[8192];
    long moved = 0;
    while ((moved = grille_transport_read(&w->transport, bytes, sizeof bytes)) > 0) {
        for (long i = 0; i < moved; i++) {
            w->last[0] = w->last[1];
            w->last[1] = w->last[2];
            w->last[2] = (char)bytes[i];
        }
        w->received += (size_t)moved;
    }
    if (moved == 0) w->read_end = true;
}

static void watch(way *w) {
    const bool writes = (w->sent < w->to_send || w->shuts) && w->write_error == 0;
    const bool reads = !w->read_end && !w->keeps_silent;
    (void)!grille_transport_watch(&w->transport, (writes ? UV_WRITABLE : 0) | (reads ? UV_READABLE : 0));
    w->over = !writes && w->read_end;
}

static void on_ready(grille_transport *transport, int status, int events) {
    way *w = grille_container(transport, way, transport);
    assert_int_equal(status, 0);
    if ((events & UV_WRITABLE) != 0) write_some(w);
    if ((events & UV_READABLE) != 0) read_some(w);
    watch(w);
}

static void on_closed(grille_transport *transport) {
    (void)transport;
}

static void on_opened(void *user, grille_conduit conduit, const grille_error *error) {
    way *w = user;
    assert_false(w->told);
    w->told = true;
    w->error = *error;
    w->open = grille_conduit_is_open(conduit);
    if (!w->open) {
        w->egress = NULL;
        return;
    }
    assert_int_equal(error->code, GRILLE_OK);
    assert_int_equal(grille_transport_open(&w->transport, w->loop, conduit, on_ready, on_closed, NULL),
                     GRILLE_REASON_OK);
    watch(w);
}

static void begin(way *w, grille_loop *loop, egress_world *world, const char *host, uint32_t port,
                  uint32_t timeout_ms) {
    w->loop = loop;
    assert_int_equal(grille_egress_open(loop, world->way, host, port, timeout_ms, on_opened, w, &w->egress),
                     GRILLE_REASON_OK);
    assert_false(w->told);
}

static void end(way *w) {
    if (w->open) grille_transport_close(&w->transport);
    w->open = false;
    grille_egress_close(w->egress);
    w->egress = NULL;
}

static void turn_until_posted(grille_loop *loop, sem_t *posted) {
    bool came = false;
    for (int i = 0; i < 10000 && !came; i++) {
        grille_loop_turn(loop, false);
        came = sem_trywait(posted) == 0;
        if (!came) usleep(1000);
    }
    assert_true(came);
}

static way try_once(grille_loop *loop, egress_world *world, const char *host, uint32_t port, uint32_t timeout_ms) {
    way w = {.kind = 'e'};
    begin(&w, loop, world, host, port, timeout_ms);
    turn_until(loop, &w.told);
    return w;
}

static void assert_refused(const way *w, grille_reason reason, const char *text) {
    if (w->open || strcmp(w->error.name, grille_reason_name(reason)) != 0 || strstr(w->error.text, text) == NULL) {
        fail_msg("%d %s: %s; expected %s: %s", w->open, w->error.name, w->error.text, grille_reason_name(reason), text);
    }
}

/* ---- Ground ---- */

typedef struct ground {
    egress_world world;
    grille_egress_service *service;
    tcp_target target;
    grille_loop loop;
} ground;

/* Zero fields of `asked`: the defaults. */
static grille_egress_service *make_service(uint32_t port, const grille_egress_options *asked) {
    char here[64], next[64];
    const char *const allow[] = {here, next, "tcp:keys.grille.invalid:443"};
    grille_egress_options options = grille_egress_options_default();
    grille_egress_service *service = NULL;
    grille_error error;
    (void)snprintf(here, sizeof here, "tcp:127.0.0.1:%u", port);
    (void)snprintf(next, sizeof next, "tcp:127.0.0.3:%u", port);
    options.allow = allow;
    options.allow_count = 3;
    if (asked->max_connections > 0) options.max_connections = asked->max_connections;
    if (asked->idle_timeout_ms > 0) options.idle_timeout_ms = asked->idle_timeout_ms;
    if (asked->rate > 0) options.rate = asked->rate;
    if (grille_egress_service_new(&options, &service, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return service;
}

static void ground_init_with(ground *g, const grille_egress_options *asked) {
    tcp_target_start(&g->target);
    g->service = make_service(g->target.port, asked);
    egress_world_init(&g->world, &(egress_world_options){.service = g->service});
    open_loop(&g->loop, 0);
}

static void ground_init(ground *g) {
    ground_init_with(g, &(grille_egress_options){.rate = 0});
}

static void ground_deinit(ground *g, grille_egress_counters *counters) {
    grille_loop_deinit(&g->loop);
    egress_world_deinit(&g->world);
    *counters = (grille_egress_counters){.size = sizeof *counters};
    grille_egress_get_counters(g->service, counters);
    grille_egress_service_free(g->service);
    tcp_target_stop(&g->target);
}

/* ---- Carrying ---- */

/* One whose target reads nothing and one whose enclave reads nothing, then a hundred: all of them come to their end,
 * with every byte, while the two stand still. */
static void a_hundred_at_once_none_behind_another(void **state) {
    enum { WAYS = 100, BYTES = 100000, MANY = 24 << 20 };
    ground g;
    grille_egress_counters counters;
    way stalled = {.kind = 's', .to_send = MANY}, deaf = {.kind = 'e', .to_send = MANY, .keeps_silent = true};
    way *ways = calloc(WAYS, sizeof *ways);
    (void)state;
    ground_init(&g);
    begin(&stalled, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    begin(&deaf, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    for (size_t i = 0; i < WAYS; i++) {
        ways[i] = (way){.kind = 'e', .to_send = BYTES + i, .shuts = true};
        begin(&ways[i], &g.loop, &g.world, i % 2 == 0 ? "127.0.0.1" : "localhost", g.target.port, 10000);
    }
    for (size_t i = 0; i < WAYS; i++) {
        turn_until(&g.loop, &ways[i].over);
        assert_true(ways[i].open);
        assert_int_equal(ways[i].sent, BYTES + i);
        /* All but the first byte came back, and the last words. */
        assert_int_equal(ways[i].received, BYTES + i - 1 + 3);
        assert_memory_equal(ways[i].last, "bye", 3);
        assert_int_equal(grille_egress_error(ways[i].egress)->code, GRILLE_OK);
    }
    assert_true(stalled.open && stalled.sent < stalled.to_send && !stalled.over);
    assert_true(deaf.open && deaf.sent < deaf.to_send && !deaf.over);
    /* The deaf one hears again, and misses nothing. */
    deaf.keeps_silent = false;
    deaf.shuts = true;
    watch(&deaf);
    turn_until(&g.loop, &deaf.over);
    assert_int_equal(deaf.received, MANY - 1 + 3);
    for (size_t i = 0; i < WAYS; i++)
        end(&ways[i]);
    end(&deaf);
    end(&stalled);
    assert_int_equal(sem_post(&g.target.freed), 0);
    ground_deinit(&g, &counters);
    assert_int_equal(counters.accepted, WAYS + 2);
    assert_int_equal(counters.refused + counters.refused_full + counters.target_failures, 0);
    assert_int_equal(counters.connections, 0);
    assert_int_equal(counters.highest_connections, WAYS + 2);
    assert_true(counters.bytes_to_targets >= WAYS * BYTES + MANY);
    assert_true(counters.bytes_to_peers >= WAYS * BYTES + MANY);
    free(ways);
}

/* The order of bytes: what is echoed is what was sent. */
static void bytes_keep_their_order(void **state) {
    enum { BYTES = 100000 };
    ground g;
    grille_egress_counters counters;
    way w = {.kind = 'e', .to_send = BYTES};
    uint8_t *came = malloc(BYTES);
    size_t len = 0;
    (void)state;
    ground_init(&g);
    begin(&w, &g.loop, &g.world, "localhost", g.target.port, 10000);
    w.keeps_silent = true;
    turn_until(&g.loop, &w.told);
    for (int i = 0; i < 10000 && len < BYTES - 1; i++) {
        grille_loop_turn(&g.loop, false);
        const long moved = grille_transport_read(&w.transport, came + len, BYTES - len);
        if (moved > 0) len += (size_t)moved;
        if (moved == -EAGAIN) usleep(1000);
    }
    assert_int_equal(len, BYTES - 1);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(came[i], byte_at(&w, i + 1));
    end(&w);
    ground_deinit(&g, &counters);
    free(came);
}

/* The target ends first and goes on listening; a target that only takes the first byte leaves the rest. */
static void half_closes_and_deaf_targets(void **state) {
    enum { BYTES = 100000 };
    ground g;
    grille_egress_counters counters;
    way half = {.kind = 'h', .to_send = 1}, closing = {.kind = 'c', .to_send = 1};
    (void)state;
    ground_init(&g);
    begin(&half, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &half.read_end);
    assert_int_equal(half.received, 0);
    half.to_send += BYTES;
    half.shuts = true;
    watch(&half);
    turn_until(&g.loop, &half.over);
    turn_until_posted(&g.loop, &g.target.counted_all);
    assert_int_equal(atomic_load(&g.target.counted), BYTES);
    assert_int_equal(grille_egress_error(half.egress)->code, GRILLE_OK);
    end(&half);
    begin(&closing, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &closing.read_end);
    /* It goes on sending until it learns that nobody takes it. */
    closing.to_send += 64 << 20;
    watch(&closing);
    turn_until(&g.loop, &closing.over);
    assert_int_equal(closing.write_error, -EPIPE);
    end(&closing);
    ground_deinit(&g, &counters);
}

/* ---- Refusals ---- */

static void what_is_not_allowed_is_refused(void **state) {
    ground g;
    grille_egress_counters counters;
    way w;
    (void)state;
    ground_init(&g);
    w = try_once(&g.loop, &g.world, "127.0.0.2", g.target.port, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "the host and port are not in the allow-list of the parent");
    w = try_once(&g.loop, &g.world, "127.0.0.1", g.target.port % 65535 + 1, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "not in the allow-list");
    w = try_once(&g.loop, &g.world, "keys.grille.invalid", 444, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "not in the allow-list");
    w = try_once(&g.loop, &g.world, "other.grille.invalid", 443, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "not in the allow-list");
    w = try_once(&g.loop, &g.world, "127.1", 443, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "neither a numeric address nor localhost");
    w = try_once(&g.loop, &g.world, "*.grille.invalid", 443, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_REFUSED, "no host's name");
    w = try_once(&g.loop, &g.world, "127.0.0.3", g.target.port, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_UNREACHABLE, "connecting to tcp:127.0.0.3:");
    assert_int_equal(atomic_load(&g.target.connections), 0);
    ground_deinit(&g, &counters);
    assert_int_equal(counters.refused, 6);
    assert_int_equal(counters.accepted, 1);
    assert_int_equal(counters.target_failures, 1);
}

static void no_more_than_so_many(void **state) {
    ground g;
    grille_egress_counters counters;
    way one = {.kind = 'e', .to_send = 1}, two = one, third;
    (void)state;
    ground_init_with(&g, &(grille_egress_options){.max_connections = 2});
    begin(&one, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    begin(&two, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &one.told);
    turn_until(&g.loop, &two.told);
    third = try_once(&g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    assert_refused(&third, GRILLE_REASON_EGRESS_FULL, "as many egress connections are open as there may be");
    /* One that ends makes room. */
    end(&one);
    for (int i = 0; i < 10000 && !third.open; i++) {
        third = try_once(&g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
        if (!third.open) usleep(1000);
    }
    assert_true(third.open);
    end(&two);
    end(&third);
    ground_deinit(&g, &counters);
    assert_true(counters.refused_full >= 1);
    assert_int_equal(counters.highest_connections, 2);
    /* One in a second: however soon the second one comes, one of a few is too soon. */
    tcp_target_start(&g.target);
    g.service = make_service(g.target.port, &(grille_egress_options){.rate = 1});
    egress_world_init(&g.world, &(egress_world_options){.service = g.service});
    open_loop(&g.loop, 0);
    for (int i = 0; i < 1000; i++) {
        third = try_once(&g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
        if (!third.open) break;
        end(&third);
    }
    assert_refused(&third, GRILLE_REASON_EGRESS_FULL, "too many new egress connections in one second");
    ground_deinit(&g, &counters);
    assert_true(counters.refused_rate >= 1);
}

static void who_may_call(void **state) {
    tcp_target target;
    grille_loop loop;
    (void)state;
    tcp_target_start(&target);
    open_loop(&loop, 0);
    for (int i = 0; i < 3; i++) {
        egress_world world;
        grille_egress_service *service = make_service(target.port, &(grille_egress_options){.rate = 0});
        egress_world_init(&world, &(egress_world_options){.service = i == 2 ? NULL : service,
                                                          .parent_forbids = i == 0,
                                                          .enclave_forbids = i == 1});
        const way w = try_once(&loop, &world, "127.0.0.1", target.port, 10000);
        assert_refused(&w, i == 2 ? GRILLE_REASON_EGRESS_UNREACHABLE : GRILLE_REASON_EGRESS_REFUSED,
                       i == 2 ? "UNIMPLEMENTED" : "PERMISSION_DENIED");
        egress_world_deinit(&world);
        grille_egress_service_free(service);
    }
    assert_int_equal(atomic_load(&target.connections), 0);
    grille_loop_deinit(&loop);
    tcp_target_stop(&target);
}

static void bad_arguments(void **state) {
    ground g;
    grille_egress_counters counters;
    char name[GRILLE_LIMIT_HOST_NAME_BYTES + 2];
    grille_egress *egress = NULL;
    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ground_init(&g);
    const struct {
        const char *host;
        uint32_t port;
    } rows[] = {{"", 443}, {NULL, 443}, {name, 443}, {"a.example", 0}, {"a.example", 65536}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            grille_egress_open(&g.loop, g.world.way, rows[i].host, rows[i].port, 1000, on_opened, NULL, &egress),
            GRILLE_REASON_BAD_ARGUMENT);
    }
    grille_egress_close(NULL);
    ground_deinit(&g, &counters);
}

/* ---- Calls made by hand ---- */

typedef struct caller {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    unsigned answers;
    grille_code code;
    char message[256];
} caller;

static void caller_message(grille_own_grille_v1_egress_connect_stream *stream, const grille_v1_EgressPiece *piece,
                           void *user) {
    caller *c = user;
    (void)stream;
    (void)piece;
    pthread_mutex_lock(&c->lock);
    c->answers++;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void caller_done(grille_own_grille_v1_egress_connect_stream *stream,
                        const grille_own_grille_v1_egress_connect_reply *reply, void *user) {
    caller *c = user;
    (void)stream;
    pthread_mutex_lock(&c->lock);
    c->done = true;
    c->code = reply->code;
    (void)snprintf(c->message, sizeof c->message, "%s", reply->message);
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

/* Sends these pieces and waits for the end, which it leaves to the service. */
static caller call_with(egress_world *world, const grille_v1_EgressPiece *pieces, size_t count, bool half_close) {
    static const grille_own_grille_v1_egress_connect_events events = {.on_message = caller_message,
                                                                      .on_done = caller_done};
    grille_own_grille_v1_egress_connect_stream *stream = NULL;
    const grille_call_options options = GRILLE_CALL_OPTIONS(.no_retry = true);
    caller c = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(grille_own_grille_v1_egress_connect_open(world->way, &options, &events, &c, &stream), GRILLE_OK);
    for (size_t i = 0; i < count; i++)
        (void)!grille_own_grille_v1_egress_connect_send(stream, &pieces[i]);
    if (half_close) (void)!grille_own_grille_v1_egress_connect_half_close(stream);
    pthread_mutex_lock(&c.lock);
    while (!c.done)
        pthread_cond_wait(&c.changed, &c.lock);
    pthread_mutex_unlock(&c.lock);
    return c;
}

/* ---- Those that vanish, and those that say nothing ---- */

static void whoever_vanishes_is_noticed(void **state) {
    ground g;
    grille_egress_counters counters;
    way reset = {.kind = 'r', .to_send = 1}, closed = {.kind = 'e', .to_send = 1000}, lost = closed, given_up = closed;
    (void)state;
    ground_init(&g);
    /* The target. */
    begin(&reset, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &reset.over);
    assert_string_equal(grille_egress_error(reset.egress)->name, "EGRESS-UNREACHABLE");
    assert_non_null(strstr(grille_egress_error(reset.egress)->text, "the target reset the connection"));
    end(&reset);
    /* The enclave's side: the target sees the end of it. */
    begin(&closed, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    for (int i = 0; i < 10000 && closed.received < 999; i++) {
        grille_loop_turn(&g.loop, false);
        usleep(1000);
    }
    assert_int_equal(atomic_load(&g.target.open), 1);
    end(&closed);
    for (int i = 0; i < 10000 && atomic_load(&g.target.open) > 0; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&g.target.open), 0);
    begin(&given_up, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    end(&given_up);
    /* The parent, with it the channel. */
    begin(&lost, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &lost.told);
    assert_true(lost.open);
    egress_world_lose_parent(&g.world);
    turn_until(&g.loop, &lost.over);
    assert_string_equal(grille_egress_error(lost.egress)->name, "EGRESS-UNREACHABLE");
    end(&lost);
    lost = try_once(&g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    assert_refused(&lost, GRILLE_REASON_EGRESS_UNREACHABLE, "the way out to 127.0.0.1:");
    assert_false(given_up.told);
    ground_deinit(&g, &counters);
}

static grille_egress_service *make_silent_service(uint32_t port, uint32_t connect_timeout_ms) {
    char address[64];
    const char *const allow[] = {address};
    grille_egress_options options = grille_egress_options_default();
    grille_egress_service *service = NULL;
    (void)snprintf(address, sizeof address, "tcp:127.0.0.1:%u", port);
    options.allow = allow;
    options.allow_count = 1;
    options.connect_timeout_ms = connect_timeout_ms;
    assert_int_equal(grille_egress_service_new(&options, &service, NULL), GRILLE_OK);
    return service;
}

static void silence_has_its_time(void **state) {
    ground g;
    grille_egress_counters counters;
    uint32_t port = 0;
    int fds[3];
    way idle = {.kind = 's', .to_send = 1};
    (void)state;
    silent_target(&port, fds);
    open_loop(&g.loop, 0);
    /* The parent's timeout, also for who asks for nothing; then ours. */
    g.service = make_silent_service(port, 30);
    egress_world_init(&g.world, &(egress_world_options){.service = g.service});
    way w = try_once(&g.loop, &g.world, "127.0.0.1", port, 10000);
    assert_refused(&w, GRILLE_REASON_EGRESS_UNREACHABLE, "within the connect timeout");
    const caller c = call_with(&g.world, NULL, 0, false);
    assert_int_equal(c.code, GRILLE_DEADLINE_EXCEEDED);
    assert_string_equal(c.message, "the first piece did not come within the connect timeout");
    egress_world_deinit(&g.world);
    grille_egress_service_free(g.service);
    g.service = make_silent_service(port, GRILLE_LIMIT_EGRESS_TIMEOUT_MS);
    egress_world_init(&g.world, &(egress_world_options){.service = g.service});
    w = try_once(&g.loop, &g.world, "127.0.0.1", port, 20);
    assert_refused(&w, GRILLE_REASON_LOOP_DIAL_TIMEOUT, "no answer of the parent within the timeout of 20 ms");
    grille_loop_deinit(&g.loop);
    egress_world_deinit(&g.world);
    grille_egress_service_free(g.service);
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
    /* Nothing in either direction. */
    ground_init_with(&g, &(grille_egress_options){.idle_timeout_ms = 40});
    begin(&idle, &g.loop, &g.world, "127.0.0.1", g.target.port, 10000);
    turn_until(&g.loop, &idle.over);
    assert_non_null(strstr(grille_egress_error(idle.egress)->text, "idle timeout: no byte came in either direction"));
    end(&idle);
    assert_int_equal(sem_post(&g.target.freed), 0);
    ground_deinit(&g, &counters);
}

/* ---- Enclaves that break the rules ---- */

static void enclaves_that_break_the_rules(void **state) {
    static uint8_t bytes[GRILLE_LIMIT_EGRESS_PIECE_BYTES + 1];
    static uint8_t long_name[GRILLE_LIMIT_HOST_NAME_BYTES + 1];
    ground g;
    grille_egress_counters counters;
    (void)state;
    memset(long_name, 'a', sizeof long_name);
    ground_init(&g);
    const grille_bytes here = grille_bytes_of_text("127.0.0.1");
    const grille_v1_EgressPiece good = {.host = here, .port = g.target.port};
    const struct {
        grille_v1_EgressPiece pieces[2];
        size_t count;
        bool half_close;
        grille_code code;
        const char *message;
    } rows[] = {
        {{{.port = 443}}, 1, false, GRILLE_INVALID_ARGUMENT, "no host of 1 to 253 bytes"},
        {{{.host = grille_bytes_of(long_name, sizeof long_name), .port = 443}},
         1,
         false,
         GRILLE_INVALID_ARGUMENT,
         "no host of 1 to 253 bytes"},
        {{{.host = grille_bytes_of("a\0b", 3), .port = 443}}, 1, false, GRILLE_INVALID_ARGUMENT, "no host"},
        {{{.host = here, .port = 0}}, 1, false, GRILLE_INVALID_ARGUMENT, "port 0 is none of 1 to 65535"},
        {{{.host = here, .port = 65536}}, 1, false, GRILLE_INVALID_ARGUMENT, "port 65536 is none of 1 to 65535"},
        {{{.host = here, .port = 443, .data = here}}, 1, false, GRILLE_INVALID_ARGUMENT, "more than a host and a port"},
        {{{.host = here, .port = 443, .end = true}}, 1, false, GRILLE_INVALID_ARGUMENT, "more than a host and a port"},
        {{{.host = here, .port = 443, .address = here}}, 1, false, GRILLE_INVALID_ARGUMENT, "more than a host"},
        {{good, good}, 2, false, GRILLE_INVALID_ARGUMENT, "a piece behind the first one has more than data"},
        {{good, {.end = true}}, 2, false, GRILLE_INVALID_ARGUMENT, "more than data"},
        {{good, {.port = 1}}, 2, false, GRILLE_INVALID_ARGUMENT, "more than data"},
        {{good, {.port = 0}}, 2, false, GRILLE_INVALID_ARGUMENT, "no data, or more than 16000 bytes"},
        {{good, {.data = grille_bytes_of(bytes, GRILLE_LIMIT_EGRESS_PIECE_BYTES + 1)}},
         2,
         false,
         GRILLE_INVALID_ARGUMENT,
         "no data, or more than 16000 bytes"},
        {{good}, 0, true, GRILLE_INVALID_ARGUMENT, "the stream ended before its first piece"},
        {{good, {.data = grille_bytes_of("e", 1)}}, 2, true, GRILLE_OK, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const caller c = call_with(&g.world, rows[i].pieces, rows[i].count, rows[i].half_close);
        if (c.code != rows[i].code || strstr(c.message, rows[i].message) == NULL) {
            fail_msg("row %zu: %s: %s", i, grille_code_name(c.code), c.message);
        }
        if (c.code == GRILLE_OK) assert_int_equal(c.answers, 3); /* address, "bye", end */
    }
    ground_deinit(&g, &counters);
    assert_int_equal(counters.connections, 0);
}

/* ---- Parents that break them ---- */

/* What a parent answers to the first piece, then a status. */
typedef struct liar {
    grille_v1_EgressPiece pieces[3];
    size_t count;
    grille_code code;
    bool silent; /* no status */
} liar;

static void liar_message(grille_own_grille_v1_egress_connect_server_stream *stream, const grille_v1_EgressPiece *piece,
                         void *user) {
    const liar *l = user;
    (void)piece;
    for (size_t i = 0; i < l->count; i++)
        (void)!grille_own_grille_v1_egress_connect_server_send(stream, &l->pieces[i]);
    if (!l->silent) (void)grille_own_grille_v1_egress_connect_server_finish(stream, l->code);
}

static grille_code liar_open(grille_own_grille_v1_egress_connect_server_stream *stream, void *user) {
    (void)stream;
    (void)user;
    return GRILLE_OK;
}

static void liar_end(grille_own_grille_v1_egress_connect_server_stream *stream, grille_call_end why, void *user) {
    (void)stream;
    (void)why;
    (void)user;
}

static void serve_liar(grille_services *services, void *user) {
    static const grille_own_grille_v1_egress_handlers handlers = {
        .connect = {.open = liar_open, .message = liar_message, .end = liar_end}};
    assert_int_equal(grille_own_grille_v1_egress_serve(services, &handlers, user, NULL), GRILLE_OK);
}

static void parents_that_break_the_rules(void **state) {
    static uint8_t bytes[GRILLE_LIMIT_EGRESS_PIECE_BYTES + 1];
    const grille_bytes text = grille_bytes_of_text("tcp:127.0.0.1:1");
    const grille_v1_EgressPiece good = {.address = text}, data = {.data = text}, ended = {.end = true};
    const struct {
        liar liar;
        bool opens;
        const char *text;
    } rows[] = {
        {{{{.data = text}}, 1, GRILLE_OK, true}, false, "the first piece of the answer names no address"},
        {{{{.end = true}}, 1, GRILLE_OK, true}, false, "the first piece of the answer names no address"},
        {{{{.address = text, .data = text}}, 1, GRILLE_OK, true}, false, "the first piece of the answer names no"},
        {{{{.host = text}}, 1, GRILLE_OK, true}, false, "a piece of the answer names a host"},
        {{{good}, 0, GRILLE_OK, false}, false, "ended with OK before its end"},
        {{{good}, 0, GRILLE_INTERNAL, false}, false, "ended with INTERNAL"},
        {{{good, good}, 2, GRILLE_OK, true}, true, "a piece follows that does not belong"},
        {{{good, {.port = 1}}, 2, GRILLE_OK, true}, true, "names a host"},
        {{{good, {.port = 0}}, 2, GRILLE_OK, true}, true, "no data, or more than 16000 bytes"},
        {{{good, {.data = grille_bytes_of(bytes, sizeof bytes)}}, 2, GRILLE_OK, true}, true, "more than 16000 bytes"},
        {{{good, {.data = text, .end = true}}, 2, GRILLE_OK, true}, true, "more than 16000 bytes"},
        {{{good, ended, data}, 3, GRILLE_OK, true}, true, "a piece follows that does not belong"},
        {{{good, data}, 2, GRILLE_ABORTED, false}, true, "ended with ABORTED"},
        {{{good, data}, 2, GRILLE_OK, false}, true, "ended with OK before its end"},
        {{{good, data, ended}, 3, GRILLE_OK, false}, true, ""},
    };
    grille_loop loop;
    egress_world world;
    liar now = {.count = 0};
    (void)state;
    open_loop(&loop, 0);
    egress_world_init(&world, &(egress_world_options){.serve = serve_liar, .user = &now});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        now = rows[i].liar;
        way w = try_once(&loop, &world, "127.0.0.1", 443, 10000);
        if (w.open != rows[i].opens) fail_msg("row %zu: %d %s", i, w.open, w.error.text);
        if (w.open) {
            turn_until(&loop, &w.over);
            w.error = *grille_egress_error(w.egress);
        }
        if (strstr(w.error.text, rows[i].text) == NULL || (w.error.code == GRILLE_OK) != (rows[i].text[0] == '\0')) {
            fail_msg("row %zu: %s", i, w.error.text);
        }
        end(&w);
    }
    grille_loop_deinit(&loop);
    egress_world_deinit(&world);
}

/* ---- Options ---- */

static void options_that_can_not_be(void **state) {
    static const char *const good[] = {"tcp:a.example:443"}, *const bad[] = {"tcp:a.example:0"},
                             *const other[] = {"unix:/run/a"};
    grille_egress_options rows[12];
    static const char *const texts[] = {
        "grille_egress_options_default",
        "no allow-list",
        "max_connections is 0",
        "max_connections is 65537",
        "connect_timeout_ms is 0",
        "idle_timeout_ms is 0",
        "idle_timeout_ms is 86400001",
        "no port from 1 to 65535",
        "leads to tcp:HOST:PORT",
        "can't read the allow-list /nowhere/allow.yaml",
        "rate is 0",
        "rate is 100001",
    };
    grille_egress_service *service = NULL;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        rows[i] = grille_egress_options_default();
        rows[i].allow = good;
        rows[i].allow_count = 1;
    }
    rows[0].size = 0;
    rows[1].allow_count = 0;
    rows[2].max_connections = 0;
    rows[3].max_connections = GRILLE_LIMIT_EGRESS_CONNECTIONS + 1;
    rows[4].connect_timeout_ms = 0;
    rows[5].idle_timeout_ms = 0;
    rows[6].idle_timeout_ms = GRILLE_LIMIT_EGRESS_TIMEOUT_MS + 1;
    rows[7].allow = bad;
    rows[8].allow = other;
    rows[9].allow_file = "/nowhere/allow.yaml";
    rows[10].rate = 0;
    rows[11].rate = GRILLE_LIMIT_EGRESS_RATE + 1;
    for (size_t i = 0; i < 12; i++) {
        assert_int_not_equal(grille_egress_service_new(&rows[i], &service, &error), GRILLE_OK);
        if (strstr(error.text, texts[i]) == NULL) fail_msg("row %zu: %s", i, error.text);
        assert_null(service);
    }
    grille_egress_service_free(NULL);
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);

/* libuv's own memory does not fail: without it libuv ends the process. */
static void a_service_without_memory(void **state) {
    static const char *const allow[] = {"tcp:a.example:443", "tcp:203.0.113.7:443"};
    grille_egress_options options = grille_egress_options_default();
    grille_egress_service *service = NULL;
    grille_error error;
    size_t failed = 0;
    (void)state;
    options.allow = allow;
    options.allow_count = 2;
    for (;; failed++) {
        failing_malloc_from(failed);
        const grille_code code = grille_egress_service_new(&options, &service, &error);
        failing_malloc_never();
        if (code == GRILLE_OK) break;
        assert_int_equal(code, GRILLE_RESOURCE_EXHAUSTED);
        assert_null(service);
    }
    assert_true(failed > 5);
    grille_egress_service_free(service);
}

int main(void) {
    if (uv_replace_allocator(__real_malloc, __real_realloc, __real_calloc, __real_free) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_at_once_none_behind_another),
        cmocka_unit_test(bytes_keep_their_order),
        cmocka_unit_test(half_closes_and_deaf_targets),
        cmocka_unit_test(what_is_not_allowed_is_refused),
        cmocka_unit_test(no_more_than_so_many),
        cmocka_unit_test(who_may_call),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(whoever_vanishes_is_noticed),
        cmocka_unit_test(silence_has_its_time),
        cmocka_unit_test(enclaves_that_break_the_rules),
        cmocka_unit_test(parents_that_break_the_rules),
        cmocka_unit_test(options_that_can_not_be),
        cmocka_unit_test(a_service_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
