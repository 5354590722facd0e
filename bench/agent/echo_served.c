/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/echo_served.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { TURN_BYTES = 1 << 20 };

static const uint8_t zeros[BENCH_WRITE_BYTES];

void bench_served_drop(echo_loop *loop, echo_served *one) {
    one->previous->next = one->next;
    one->next->previous = one->previous;
    one->link->kind->close(one->link, &loop->workspace);
    free(one->rest);
    free(one);
}

void bench_served_take_over(echo_loop *loop, int fd) {
    struct epoll_event event = {.events = EPOLLIN};
    echo_served *one = calloc(1, sizeof *one);
    if (one != NULL) one->link = loop->kind->open(fd, true, &loop->workspace);
    if (one == NULL || one->link == NULL) {
        if (one == NULL) (void)close(fd);
        free(one);
        return;
    }
    one->next = loop->all.next;
    one->previous = &loop->all;
    one->next->previous = one;
    loop->all.next = one;
    event.data.ptr = one;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) bench_served_drop(loop, one);
}

static bool keep(echo_served *one, const uint8_t *bytes, size_t len) {
    one->rest = malloc(len);
    if (one->rest == NULL) return false;
    memcpy(one->rest, bytes, len);
    one->rest_at = 0;
    one->rest_len = len;
    return true;
}

static bool give_back(echo_loop *loop, echo_served *one, const uint8_t *bytes, size_t len) {
    const long taken = one->link->kind->put(one->link, &loop->workspace, bytes, len);
    if (taken < 0) return false;
    return (size_t)taken == len || keep(one, bytes + taken, len - (size_t)taken);
}

static bool send_zeros(echo_loop *loop, echo_served *one) {
    uint64_t turn = 0;
    while (one->unsent > 0 && turn < TURN_BYTES) {
        const size_t part = one->unsent < sizeof zeros ? (size_t)one->unsent : sizeof zeros;
        const long taken = one->link->kind->put(one->link, &loop->workspace, zeros, part);
        if (taken < 0) return false;
        one->unsent -= (uint64_t)taken;
        turn += part;
        if ((size_t)taken < part) break;
    }
    return true;
}

static bool answer_sum(echo_loop *loop, echo_served *one) {
    uint8_t sum[BENCH_STREAM_SUM];
    const uint64_t before_mark = one->seen - 1;
    for (unsigned i = 0; i < sizeof sum; i++)
        sum[i] = (uint8_t)(before_mark >> (8 * (sizeof sum - 1 - i)));
    return give_back(loop, one, sum, sizeof sum);
}

static bool arrived(echo_loop *loop, echo_served *one, const uint8_t *bytes, size_t len) {
    switch (loop->spec->pattern) {
    case BENCH_BULK:
        one->seen += len;
        one->unsent += one->seen / loop->spec->bytes * BENCH_BULK_ANSWER;
        one->seen %= loop->spec->bytes;
        return send_zeros(loop, one);
    case BENCH_STREAM_UP:
        one->seen += len;
        return bytes[len - 1] != BENCH_STREAM_MARK || answer_sum(loop, one);
    case BENCH_STREAM_DOWN:
        one->unsent = UINT64_MAX;
        return send_zeros(loop, one);
    default:
        return give_back(loop, one, bytes, len);
    }
}

static bool go_on_writing(echo_loop *loop, echo_served *one) {
    if (one->link->behind != NULL && !bench_link_catch_up(one->link, &loop->workspace)) return false;
    if (one->rest != NULL) {
        const long taken =
            one->link->kind->put(one->link, &loop->workspace, one->rest + one->rest_at, one->rest_len - one->rest_at);
        if (taken < 0) return false;
        one->rest_at += (size_t)taken;
        if (one->rest_at < one->rest_len) return true;
        free(one->rest);
        one->rest = NULL;
    }
    return send_zeros(loop, one);
}

/* The kernel is told only of changes. */
static bool update(echo_loop *loop, echo_served *one) {
    const bool waits = one->link->behind != NULL || one->rest != NULL || one->unsent > 0;
    struct epoll_event event = {.events = one->rest != NULL ? EPOLLOUT
                                          : waits           ? EPOLLIN | EPOLLOUT
                                                            : EPOLLIN,
                                .data.ptr = one};
    if (waits == one->waits) return true;
    one->waits = waits;
    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, one->link->fd, &event) == 0;
}

void bench_served_turn(echo_loop *loop, echo_served *one, uint32_t events) {
    const uint8_t *bytes = NULL;
    bool good = true;
    if ((events & EPOLLOUT) != 0) good = go_on_writing(loop, one);
    if (good && one->rest == NULL && events != EPOLLOUT) {
        const long got = one->link->kind->take(one->link, &loop->workspace, &bytes);
        good = got >= 0 && (got == 0 || arrived(loop, one, bytes, (size_t)got));
    }
    if (!good || !update(loop, one)) bench_served_drop(loop, one);
}
