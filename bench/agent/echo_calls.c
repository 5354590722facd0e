/* SPDX-License-Identifier: Apache-2.0
 * Calls that are answered: one at a time, many in flight, at a fixed rate, with large requests. */
#include <stdlib.h>

#include "bench/agent/echo_load.h"
#include "bench/agent/schedule.h"

enum { EVENTS = 64, FIRST_CAPACITY = 128 };

static bool grow(echo_connection *one) {
    const uint64_t capacity = one->capacity > 0 ? one->capacity * 2 : FIRST_CAPACITY;
    echo_batch *sent = calloc(capacity, sizeof *sent);
    if (sent == NULL) return false;
    for (uint64_t i = 0; i < one->batches; i++)
        sent[i] = one->sent[(one->first + i) & (one->capacity - 1)];
    free(one->sent);
    one->sent = sent;
    one->first = 0;
    one->capacity = capacity;
    return true;
}

static bool ask(echo_load *load, uint32_t number, uint64_t sent_ns, uint64_t calls) {
    echo_connection *one = &load->connections[number];
    echo_batch *newest = NULL;
    if (one->batches > 0) newest = &one->sent[(one->first + one->batches - 1) & (one->capacity - 1)];
    if (newest != NULL && newest->sent_ns == sent_ns) {
        newest->calls += calls;
    } else {
        if (one->batches == one->capacity && !grow(one)) return false;
        one->sent[(one->first + one->batches) & (one->capacity - 1)] = (echo_batch){sent_ns, calls};
        one->batches++;
    }
    one->unsent += calls * load->spec->bytes;
    if (!one->is_dirty) load->dirty[load->dirty_count++] = number;
    one->is_dirty = true;
    return true;
}

/* Over the connections in turn. */
static bool ask_all(echo_load *load, uint64_t sent_ns, uint64_t calls) {
    if (load->opened == 1) return ask(load, 0, sent_ns, calls);
    while (calls-- > 0) {
        if (!ask(load, (uint32_t)(load->in_turn++ % load->opened), sent_ns, 1)) return false;
    }
    return true;
}

/* All calls of one turn leave together. */
static bool send_all(echo_load *load) {
    bool good = true;
    for (uint32_t i = 0; i < load->dirty_count && good; i++) {
        echo_connection *one = &load->connections[load->dirty[i]];
        one->is_dirty = false;
        /* Behind what waits already, there is no need to try. */
        good = one->waits || bench_load_send(load, one);
    }
    load->dirty_count = 0;
    return good;
}

/* Sets `answered` to how many calls the bytes have ended. */
static bool note(echo_load *load, echo_connection *one, uint64_t len, uint64_t now_ns, uint64_t *answered, bool *more) {
    const bool is_bulk = load->spec->pattern == BENCH_BULK;
    const uint64_t answer_bytes = is_bulk ? BENCH_BULK_ANSWER : load->spec->bytes;
    const size_t payload = is_bulk ? load->spec->bytes : 2 * load->spec->bytes;
    uint64_t rest = (one->partial + len) / answer_bytes;
    one->partial = (one->partial + len) % answer_bytes;
    *answered = rest;
    while (rest > 0) {
        echo_batch *oldest = NULL;
        uint64_t calls = rest;
        if (one->batches == 0) return bench_load_gone();
        oldest = &one->sent[one->first & (one->capacity - 1)];
        if (calls > oldest->calls) calls = oldest->calls;
        *more = bench_recorder_note_many(load->recorder, now_ns, now_ns - oldest->sent_ns, payload, calls);
        oldest->calls -= calls;
        rest -= calls;
        if (oldest->calls > 0) continue;
        one->first++;
        one->batches--;
    }
    return true;
}

/* One clock read stands for the end of these calls and the begin of the next. */
static bool turn(echo_load *load, const struct epoll_event *event, bench_schedule *schedule, bool *more) {
    echo_connection *one = event->data.ptr;
    const uint8_t *bytes = NULL;
    uint64_t answered = 0;
    uint64_t now_ns = 0;
    long got = 0;
    if ((event->events & EPOLLOUT) != 0 && !bench_load_send(load, one)) return false;
    if ((event->events & ~(uint32_t)EPOLLOUT) == 0) return true;
    got = one->link->kind->take(one->link, &load->workspace, &bytes);
    if (got < 0) return bench_load_gone();
    now_ns = bench_now_ns();
    if (!note(load, one, (uint64_t)got, now_ns, &answered, more)) return false;
    return schedule != NULL || !*more || answered == 0 || ask_all(load, now_ns, answered);
}

static bool ask_what_is_due(echo_load *load, bench_schedule *schedule) {
    uint64_t due = bench_schedule_due(schedule, bench_now_ns());
    while (due-- > 0) {
        if (!ask_all(load, bench_schedule_take(schedule), 1)) return false;
    }
    return true;
}

bool bench_load_calls(echo_load *load) {
    const bool is_open_loop = load->spec->pattern == BENCH_OPEN_LOOP;
    struct epoll_event events[EVENTS];
    bench_schedule schedule;
    bool more = true;
    uint64_t now_ns = 0;
    if (!bench_load_open_all(load)) return false;
    now_ns = bench_now_ns();
    bench_recorder_start(load->recorder, now_ns);
    if (is_open_loop)
        bench_schedule_init(&schedule, now_ns, load->spec->rate);
    else if (!ask_all(load, now_ns, load->spec->pattern == BENCH_PING_PONG ? 1 : load->spec->in_flight))
        return false;
    while (more) {
        int count = 0;
        if (is_open_loop && !ask_what_is_due(load, &schedule)) return false;
        if (!send_all(load)) return false;
        count = bench_load_wait(load, events, EVENTS, is_open_loop ? bench_schedule_next_ns(&schedule) : 0);
        if (count < 0) return false;
        for (int i = 0; i < count && more; i++) {
            if (!turn(load, &events[i], is_open_loop ? &schedule : NULL, &more)) return false;
        }
    }
    return true;
}
