/* SPDX-License-Identifier: Apache-2.0
 * Messages in one direction or both, as fast as they go; one stream is one connection, and a message's latency is the
 * time since the one before it: the pace. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "bench/agent/echo_load.h"

enum { EVENTS = 64, END_TIMEOUT_MS = 10000 };

/* Where a connection's `partial` is in its current message, and when the last one ended, for all of them together. */
static bool note(echo_load *load, echo_connection *one, uint64_t len, uint64_t *last_ns, size_t payload) {
    const uint64_t messages = (one->partial + len) / load->spec->bytes;
    const uint64_t now_ns = bench_now_ns();
    uint64_t pace_ns = 0;
    one->partial = (one->partial + len) % load->spec->bytes;
    if (messages == 0) return true;
    pace_ns = (now_ns - *last_ns) / messages;
    *last_ns = now_ns;
    return bench_recorder_note_many(load->recorder, now_ns, pace_ns, payload, messages);
}

/* For patterns that always have something to write. */
static bool want_room(echo_load *load, bool wanted) {
    for (uint32_t i = 0; i < load->opened; i++) {
        struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = &load->connections[i]};
        if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, load->connections[i].link->fd, &event) != 0) return false;
    }
    return true;
}

/* One write's worth of whole messages, or a part of a large one. */
static long write_some(echo_load *load, echo_connection *one) {
    const size_t whole = BENCH_WRITE_BYTES / load->spec->bytes * load->spec->bytes;
    const long taken =
        one->link->kind->put(one->link, &load->workspace, bench_zeros, whole > 0 ? whole : BENCH_WRITE_BYTES);
    if (taken > 0) one->total += (uint64_t)taken;
    return taken;
}

static bool wait_for(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    int ready = 0;
    do {
        ready = poll(&one, 1, END_TIMEOUT_MS);
    } while (ready < 0 && errno == EINTR);
    return ready == 1;
}

/* The sum that comes back says that everything has arrived. */
static bool end_up_stream(echo_load *load, echo_connection *one) {
    static const uint8_t mark = BENCH_STREAM_MARK;
    bench_link *link = one->link;
    const uint8_t *bytes = NULL;
    uint64_t sum = 0;
    unsigned have = 0;
    long moved = 0;
    while (moved == 0) {
        moved = link->kind->put(link, &load->workspace, &mark, 1);
        if (moved < 0 || (moved == 0 && !wait_for(link->fd, POLLOUT))) return bench_load_gone();
    }
    while (link->behind != NULL) {
        if (!wait_for(link->fd, POLLOUT) || !bench_link_catch_up(link, &load->workspace)) return bench_load_gone();
    }
    while (have < BENCH_STREAM_SUM) {
        if (!wait_for(link->fd, POLLIN)) return bench_load_gone();
        moved = link->kind->take(link, &load->workspace, &bytes);
        if (moved < 0) return bench_load_gone();
        for (long i = 0; i < moved; i++, have++)
            sum = sum << 8 | bytes[i];
    }
    if (sum == one->total) return true;
    (void)fprintf(stderr, "agent: %" PRIu64 " bytes were sent, %" PRIu64 " have arrived\n", one->total, sum);
    return false;
}

bool bench_load_stream_up(echo_load *load) {
    struct epoll_event events[EVENTS];
    uint64_t last_ns = 0;
    bool more = true;
    if (!bench_load_open_all(load) || !want_room(load, true)) return false;
    last_ns = bench_now_ns();
    bench_recorder_start(load->recorder, last_ns);
    while (more) {
        const int count = bench_load_wait(load, events, EVENTS, 0);
        if (count < 0) return false;
        for (int i = 0; i < count && more; i++) {
            const long taken = write_some(load, events[i].data.ptr);
            if (taken < 0) return bench_load_gone();
            more = note(load, events[i].data.ptr, (uint64_t)taken, &last_ns, load->spec->bytes);
        }
    }
    for (uint32_t i = 0; i < load->opened; i++) {
        if (!end_up_stream(load, &load->connections[i])) return false;
    }
    return true;
}

static bool receive(echo_load *load, echo_connection *one, uint64_t *last_ns, size_t payload, bool *more) {
    const uint8_t *bytes = NULL;
    const long got = one->link->kind->take(one->link, &load->workspace, &bytes);
    if (got < 0) return bench_load_gone();
    *more = note(load, one, (uint64_t)got, last_ns, payload);
    return true;
}

bool bench_load_stream_down(echo_load *load) {
    static const uint8_t mark = BENCH_STREAM_MARK;
    struct epoll_event events[EVENTS];
    uint64_t last_ns = 0;
    bool more = true;
    if (!bench_load_open_all(load)) return false;
    last_ns = bench_now_ns();
    bench_recorder_start(load->recorder, last_ns);
    for (uint32_t i = 0; i < load->opened; i++) {
        bench_link *link = load->connections[i].link;
        if (link->kind->put(link, &load->workspace, &mark, 1) != 1) return bench_load_gone();
    }
    while (more) {
        const int count = bench_load_wait(load, events, EVENTS, 0);
        if (count < 0) return false;
        for (int i = 0; i < count && more; i++) {
            if (!receive(load, events[i].data.ptr, &last_ns, load->spec->bytes, &more)) return false;
        }
    }
    return true;
}

/* A message counts when it is back. */
bool bench_load_stream_both(echo_load *load) {
    struct epoll_event events[EVENTS];
    uint64_t last_ns = 0;
    bool more = true;
    if (!bench_load_open_all(load) || !want_room(load, true)) return false;
    last_ns = bench_now_ns();
    bench_recorder_start(load->recorder, last_ns);
    while (more) {
        const int count = bench_load_wait(load, events, EVENTS, 0);
        if (count < 0) return false;
        for (int i = 0; i < count && more; i++) {
            const uint32_t ready = events[i].events;
            if ((ready & EPOLLOUT) != 0 && write_some(load, events[i].data.ptr) < 0) return bench_load_gone();
            if ((ready & ~(uint32_t)EPOLLOUT) != 0 &&
                !receive(load, events[i].data.ptr, &last_ns, 2 * load->spec->bytes, &more)) {
                return false;
            }
        }
    }
    return true;
}
