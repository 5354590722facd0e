/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/echo_load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/agent/row.h"

/* A server that has said nothing for so long will not. */
static const uint64_t dead_after_ns = 10000000000u;

const uint8_t bench_zeros[BENCH_READ_BYTES];

bool bench_load_gone(void) {
    (void)fprintf(stderr, "agent: the server has closed the connection, or answered what was not asked\n");
    return false;
}

bench_link *bench_load_dial(echo_load *load, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    const int fd = load->inside != NULL ? bench_echo_thread_dial(load->inside) : bench_dial(&load->address);
    bench_link *link = NULL;
    if (fd < 0) return NULL;
    link = load->kind->open(fd, false, &load->workspace);
    if (link != NULL && epoll_ctl(load->epoll, EPOLL_CTL_ADD, link->fd, &event) == 0) return link;
    if (link != NULL) link->kind->close(link, &load->workspace);
    (void)fprintf(stderr, "agent: a connection could not be set up: %s\n", strerror(errno));
    return NULL;
}

/* Until TLS is done, where there is any. */
static bool open_next(echo_load *load, echo_connection *one, uint32_t *count) {
    struct epoll_event event;
    const uint8_t *bytes = NULL;
    one->link = bench_load_dial(load, one);
    if (one->link == NULL) return false;
    (*count)++;
    while (!one->link->is_open) {
        if (bench_load_wait(load, &event, 1, 0) < 0) return false;
        if (event.data.ptr != one) continue;
        if (one->link->kind->take(one->link, &load->workspace, &bytes) != 0) return bench_load_gone();
    }
    return true;
}

bool bench_load_open_one(echo_load *load) {
    return open_next(load, &load->connections[load->opened], &load->opened);
}

static echo_connection *first_idle(const echo_load *load) {
    return &load->connections[load->spec->connections];
}

bool bench_load_open_all(echo_load *load) {
    while (load->opened < load->spec->connections) {
        if (!bench_load_open_one(load)) return false;
    }
    while (load->idle < load->spec->idle_connections) {
        if (!open_next(load, first_idle(load) + load->idle, &load->idle)) return false;
    }
    return true;
}

/* Nothing was asked on an idle connection: what happens there is its end, or a server that is none of ours. While it
 * is being opened its handshake is. */
static bool idle_ones_rest(const echo_load *load, const struct epoll_event *events, int count) {
    for (int i = 0; i < count; i++) {
        const uintptr_t at = (uintptr_t)events[i].data.ptr;
        if (at < (uintptr_t)first_idle(load) || at >= (uintptr_t)(first_idle(load) + load->idle)) continue;
        if (!((const echo_connection *)events[i].data.ptr)->link->is_open) continue;
        (void)fprintf(stderr, "agent: an idle connection has fallen, or the server said something on it\n");
        return false;
    }
    return true;
}

/* epoll's own time is in milliseconds: too coarse for a rate. */
static bool wait_finely(int epoll, uint64_t until_ns) {
    struct pollfd one = {.fd = epoll, .events = POLLIN};
    const uint64_t now_ns = bench_now_ns();
    const uint64_t rest_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    const struct timespec rest = {.tv_sec = (time_t)(rest_ns / 1000000000u), .tv_nsec = (long)(rest_ns % 1000000000u)};
    return rest_ns == 0 || ppoll(&one, 1, &rest, NULL) >= 0 || errno == EINTR;
}

int bench_load_wait(echo_load *load, struct epoll_event *events, int most, uint64_t until_ns) {
    int count = 0;
    if (until_ns != 0 && !wait_finely(load->epoll, until_ns)) return -1;
    do {
        count = epoll_wait(load->epoll, events, most, until_ns != 0 ? 0 : (int)(dead_after_ns / 1000000u));
    } while (count < 0 && errno == EINTR);
    if (count > 0 && load->idle > 0 && !idle_ones_rest(load, events, count)) return -1;
    if (count > 0 || (count == 0 && until_ns != 0)) return count;
    (void)fprintf(stderr, "agent: no answer from the server within %u s\n", (unsigned)(dead_after_ns / 1000000000u));
    return -1;
}

bool bench_load_send(echo_load *load, echo_connection *one) {
    bench_link *link = one->link;
    struct epoll_event event = {.data.ptr = one};
    bool waits = false;
    if (link->behind != NULL && !bench_link_catch_up(link, &load->workspace)) return bench_load_gone();
    while (one->unsent > 0) {
        const size_t part = one->unsent < sizeof bench_zeros ? (size_t)one->unsent : sizeof bench_zeros;
        const long taken = link->kind->put(link, &load->workspace, bench_zeros, part);
        if (taken < 0) return bench_load_gone();
        one->unsent -= (uint64_t)taken;
        if ((size_t)taken < part) break;
    }
    waits = link->behind != NULL || one->unsent > 0;
    if (waits == one->waits) return true;
    one->waits = waits;
    event.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
    return epoll_ctl(load->epoll, EPOLL_CTL_MOD, link->fd, &event) == 0;
}

static bool init(echo_load *load) {
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    const size_t all = (size_t)load->spec->connections + load->spec->idle_connections;
    load->connections = calloc(all, sizeof *load->connections);
    load->dirty = calloc(load->spec->connections, sizeof *load->dirty);
    return load->epoll >= 0 && load->connections != NULL && load->dirty != NULL &&
           bench_workspace_init(&load->workspace) && load->kind->prepare(false);
}

static void deinit(echo_load *load) {
    for (uint32_t i = 0; i < load->opened; i++) {
        echo_connection *one = &load->connections[i];
        one->link->kind->close(one->link, &load->workspace);
        free(one->sent);
    }
    for (uint32_t i = 0; i < load->idle; i++)
        first_idle(load)[i].link->kind->close(first_idle(load)[i].link, &load->workspace);
    free(load->connections);
    free(load->dirty);
    bench_workspace_deinit(&load->workspace);
    if (load->epoll >= 0) (void)close(load->epoll);
}

static bool run(echo_load *load) {
    switch (load->spec->pattern) {
    case BENCH_STREAM_UP:
        return bench_load_stream_up(load);
    case BENCH_STREAM_DOWN:
        return bench_load_stream_down(load);
    case BENCH_STREAM_BOTH:
        return bench_load_stream_both(load);
    case BENCH_CONNECT:
        return bench_load_connects(load);
    case BENCH_IDLE:
        return bench_load_idle(load);
    default:
        return bench_load_calls(load);
    }
}

/* The CPU of each end is that of its thread. */
static bool serve_inside(echo_load *load, bench_echo_thread *server) {
    bench_recorder *recorder = load->recorder;
    if (!bench_echo_thread_start(server, load->kind, load->spec)) return false;
    load->inside = server;
    recorder->client_clock = CLOCK_THREAD_CPUTIME_ID;
    recorder->server_clock_known = pthread_getcpuclockid(server->thread, &recorder->server_clock) == 0;
    return true;
}

int bench_echo_load(const bench_link_kind *kind, const bench_spec *spec, bench_recorder *recorder) {
    echo_load load = {.kind = kind, .spec = spec, .recorder = recorder, .epoll = -1};
    bench_echo_thread server;
    bool good = false;
    if (spec->idle_streams > 0) {
        (void)fprintf(stderr, "agent: a plain connection has no streams to stand idle\n");
        return BENCH_UNSUPPORTED_PATTERN;
    }
    if (!bench_address_parse(spec->address, &load.address)) return 1;
    (void)snprintf(recorder->result.cipher, sizeof recorder->result.cipher, "%s", kind->cipher);
    /* Sleeping 50 us longer than asked, the kernel's default, would be in the latencies of an open loop. */
    (void)prctl(PR_SET_TIMERSLACK, 1);
    good = init(&load) && (load.address.kind != GRILLE_ADDRESS_INPROC || serve_inside(&load, &server)) && run(&load);
    deinit(&load);
    if (load.inside != NULL) bench_echo_thread_stop(load.inside);
    kind->release();
    return good ? 0 : 1;
}
