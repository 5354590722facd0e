/* SPDX-License-Identifier: Apache-2.0
 * Connections: opened, asked once and closed again and again; or opened to stand. */
#include <stdlib.h>
#include <time.h>

#include "bench/agent/echo_load.h"
#include "bench/agent/usage.h"

enum { EVENTS = 64 };

/* One of those that are made at once. */
typedef struct slot {
    bench_link *link;
    uint64_t begun_ns;
    size_t asked;
    size_t have;
} slot;

static bool ask(echo_load *load, slot *own) {
    while (own->link->is_open && own->asked < load->spec->bytes) {
        const size_t rest = load->spec->bytes - own->asked;
        const size_t part = rest < sizeof bench_zeros ? rest : sizeof bench_zeros;
        const long taken = own->link->kind->put(own->link, &load->workspace, bench_zeros, part);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = own};
        if (taken < 0) return bench_load_gone();
        own->asked += (size_t)taken;
        if ((size_t)taken < part) return epoll_ctl(load->epoll, EPOLL_CTL_MOD, own->link->fd, &event) == 0;
    }
    return true;
}

static bool begin(echo_load *load, slot *own) {
    *own = (slot){.begun_ns = bench_now_ns()};
    own->link = bench_load_dial(load, own);
    return own->link != NULL && ask(load, own);
}

static void end(echo_load *load, slot *own) {
    if (own->link == NULL) return;
    bench_close_at_once(&load->address, own->link->fd);
    own->link->kind->close(own->link, &load->workspace);
    own->link = NULL;
}

static bool turn(echo_load *load, slot *own, uint32_t events, bool *more) {
    const uint8_t *bytes = NULL;
    uint64_t now_ns = 0;
    long got = 0;
    if (own->link->behind != NULL && !bench_link_catch_up(own->link, &load->workspace)) return bench_load_gone();
    if ((events & ~(uint32_t)EPOLLOUT) != 0) got = own->link->kind->take(own->link, &load->workspace, &bytes);
    if (got < 0) return bench_load_gone();
    own->have += (size_t)got;
    if (own->have > load->spec->bytes) return bench_load_gone();
    if (own->have < load->spec->bytes) return ask(load, own);
    end(load, own);
    now_ns = bench_now_ns();
    *more = bench_recorder_note(load->recorder, now_ns, now_ns - own->begun_ns, 2 * load->spec->bytes);
    return !*more || begin(load, own);
}

static bool run(echo_load *load, slot *slots) {
    struct epoll_event events[EVENTS];
    bool more = true;
    bench_recorder_start(load->recorder, bench_now_ns());
    for (uint32_t i = 0; i < load->spec->in_flight; i++) {
        if (!begin(load, &slots[i])) return false;
    }
    while (more) {
        const int count = bench_load_wait(load, events, EVENTS, 0);
        if (count < 0) return false;
        for (int i = 0; i < count && more; i++) {
            if (!turn(load, events[i].data.ptr, events[i].events, &more)) return false;
        }
    }
    return true;
}

bool bench_load_connects(echo_load *load) {
    slot *slots = calloc(load->spec->in_flight, sizeof *slots);
    const bool good = slots != NULL && run(load, slots);
    for (uint32_t i = 0; slots != NULL && i < load->spec->in_flight; i++)
        end(load, &slots[i]);
    free(slots);
    return good;
}

/* A call on the connection that was opened last: both ends have used what they need. */
static bool call_once(echo_load *load) {
    echo_connection *one = &load->connections[load->opened - 1];
    const uint8_t *bytes = NULL;
    struct epoll_event event;
    size_t have = 0;
    one->unsent = load->spec->bytes;
    if (!bench_load_send(load, one)) return false;
    while (have < load->spec->bytes) {
        long got = 0;
        if (bench_load_wait(load, &event, 1, 0) < 0) return false;
        if (event.data.ptr != one) return bench_load_gone();
        if (!bench_load_send(load, one)) return false;
        got = one->link->kind->take(one->link, &load->workspace, &bytes);
        if (got < 0) return bench_load_gone();
        have += (size_t)got;
    }
    return true;
}

static void rest(const bench_spec *spec) {
    const double seconds = spec->seconds < 1 ? spec->seconds : 1;
    const struct timespec time = {.tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
}

bool bench_load_idle(echo_load *load) {
    bench_recorder *recorder = load->recorder;
    const bench_spec *spec = load->spec;
    bench_recorder_begin(recorder, bench_now_ns());
    while (load->opened < spec->connections) {
        const uint64_t begun_ns = bench_now_ns();
        uint64_t took_ns = 0;
        if (!bench_load_open_one(load) || !call_once(load)) return false;
        took_ns = bench_now_ns() - begun_ns;
        bench_histogram_add(recorder->result.latency_ns, took_ns, 1);
        recorder->result.calls++;
        recorder->result.message_bytes += 2 * spec->bytes;
        if (load->opened > 1) continue;
        rest(spec);
        if (spec->server_pid > 0) recorder->result.server_first_rss_kib = bench_usage_rss_kib(spec->server_pid);
    }
    rest(spec);
    bench_recorder_end(recorder, bench_now_ns());
    return true;
}
