/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/agent/echo.h"
#include "bench/agent/sockets.h"
#include "loop/socket.h"

enum { EVENTS = 64, LOOPS_MAX = 64, TURN_BYTES = 1 << 20 };

/* One connection. */
typedef struct served {
    struct served *next;
    struct served *previous;
    bench_link *link;
    uint64_t seen;   /* bytes: of the request that is under way (bulk), of all (stream-up) */
    uint64_t unsent; /* zeros that are still to be sent */
    uint8_t *rest;   /* of what is to be given back; while there is one, nothing is read */
    size_t rest_at;
    size_t rest_len;
    bool waits; /* for the socket to be writable */
} served;

typedef struct server_loop {
    const bench_link_kind *kind;
    const bench_spec *spec;
    int epoll;
    int listener;  /* -1: none */
    int hand_over; /* -1: none */
    int stop;      /* readable: the end */
    bench_workspace workspace;
    served all; /* head of the list */
    pthread_t thread;
} server_loop;

static const uint8_t zeros[BENCH_WRITE_BYTES];

static void drop(server_loop *loop, served *one) {
    one->previous->next = one->next;
    one->next->previous = one->previous;
    one->link->kind->close(one->link, &loop->workspace);
    free(one->rest);
    free(one);
}

static void take_over(server_loop *loop, int fd) {
    struct epoll_event event = {.events = EPOLLIN};
    served *one = calloc(1, sizeof *one);
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
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) drop(loop, one);
}

static bool keep(served *one, const uint8_t *bytes, size_t len) {
    one->rest = malloc(len);
    if (one->rest == NULL) return false;
    memcpy(one->rest, bytes, len);
    one->rest_at = 0;
    one->rest_len = len;
    return true;
}

static bool give_back(server_loop *loop, served *one, const uint8_t *bytes, size_t len) {
    const long taken = one->link->kind->put(one->link, &loop->workspace, bytes, len);
    if (taken < 0) return false;
    return (size_t)taken == len || keep(one, bytes + taken, len - (size_t)taken);
}

static bool send_zeros(server_loop *loop, served *one) {
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

static bool answer_sum(server_loop *loop, served *one) {
    uint8_t sum[BENCH_STREAM_SUM];
    const uint64_t before_mark = one->seen - 1;
    for (unsigned i = 0; i < sizeof sum; i++)
        sum[i] = (uint8_t)(before_mark >> (8 * (sizeof sum - 1 - i)));
    return give_back(loop, one, sum, sizeof sum);
}

static bool arrived(server_loop *loop, served *one, const uint8_t *bytes, size_t len) {
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

static bool go_on_writing(server_loop *loop, served *one) {
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
static bool update(server_loop *loop, served *one) {
    const bool waits = one->link->behind != NULL || one->rest != NULL || one->unsent > 0;
    struct epoll_event event = {.events = one->rest != NULL ? EPOLLOUT
                                          : waits           ? EPOLLIN | EPOLLOUT
                                                            : EPOLLIN,
                                .data.ptr = one};
    if (waits == one->waits) return true;
    one->waits = waits;
    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, one->link->fd, &event) == 0;
}

static void turn(server_loop *loop, served *one, uint32_t events) {
    const uint8_t *bytes = NULL;
    bool good = true;
    if ((events & EPOLLOUT) != 0) good = go_on_writing(loop, one);
    if (good && one->rest == NULL && (events & ~(uint32_t)EPOLLOUT) != 0) {
        const long got = one->link->kind->take(one->link, &loop->workspace, &bytes);
        good = got >= 0 && (got == 0 || arrived(loop, one, bytes, (size_t)got));
    }
    if (!good || !update(loop, one)) drop(loop, one);
}

static void accept_one(server_loop *loop) {
    int fd = -1;
    if (grille_socket_accept(loop->listener, &fd) == 0) take_over(loop, fd);
}

/* False: no more will come. */
static bool receive_one(server_loop *loop) {
    int fd = -1;
    if (read(loop->hand_over, &fd, sizeof fd) != sizeof fd) return false;
    take_over(loop, fd);
    return true;
}

static void run(server_loop *loop) {
    struct epoll_event events[EVENTS];
    for (;;) {
        const int count = epoll_wait(loop->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            void *who = events[i].data.ptr;
            if (who == &loop->stop) return;
            if (who == &loop->hand_over) {
                if (!receive_one(loop)) return;
            } else if (who == &loop->listener) {
                accept_one(loop);
            } else {
                turn(loop, who, events[i].events);
            }
        }
        if (count < 0 && errno != EINTR) return;
    }
}

static bool watch(server_loop *loop, int *fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    return *fd < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static bool init(server_loop *loop) {
    loop->all.next = loop->all.previous = &loop->all;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return bench_workspace_init(&loop->workspace) && loop->epoll >= 0 && watch(loop, &loop->listener) &&
           watch(loop, &loop->hand_over) && watch(loop, &loop->stop);
}

static void deinit(server_loop *loop) {
    while (loop->all.next != NULL && loop->all.next != &loop->all)
        drop(loop, loop->all.next);
    bench_workspace_deinit(&loop->workspace);
    if (loop->epoll >= 0) (void)close(loop->epoll);
}

static void *run_thread(void *user) {
    run(user);
    return NULL;
}

/* The first loop runs on this thread and watches for SIGTERM; the others have threads of their own. */
static int run_loops(server_loop *loops, uint32_t count, int others_stop) {
    const uint64_t one = 1;
    uint32_t started = 0;
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++)
        good = init(&loops[i]);
    for (uint32_t i = 1; i < count && good; i++) {
        good = pthread_create(&loops[i].thread, NULL, run_thread, &loops[i]) == 0;
        if (good) started = i;
    }
    if (good) run(&loops[0]);
    if (write(others_stop, &one, sizeof one) != sizeof one) good = false;
    for (uint32_t i = 1; i <= started; i++)
        (void)pthread_join(loops[i].thread, NULL);
    for (uint32_t i = 0; i < count; i++)
        deinit(&loops[i]);
    return good ? 0 : 1;
}

int bench_echo_serve(const bench_link_kind *kind, const bench_spec *spec, void (*ready)(const char *address)) {
    static server_loop loops[LOOPS_MAX];
    char bound[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address address;
    sigset_t terminate;
    int listener = -1;
    int stop = -1;
    int others_stop = -1;
    int code = 1;
    (void)sigemptyset(&terminate);
    (void)sigaddset(&terminate, SIGTERM);
    (void)sigaddset(&terminate, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &terminate, NULL);
    if (!bench_address_parse(spec->address, &address) || !kind->prepare(true)) return 1;
    stop = signalfd(-1, &terminate, SFD_CLOEXEC | SFD_NONBLOCK);
    others_stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener = bench_listen(&address, bound);
    if (listener >= 0 && stop >= 0 && others_stop >= 0) {
        for (uint32_t i = 0; i < spec->loops; i++) {
            loops[i] = (server_loop){.kind = kind,
                                     .spec = spec,
                                     .epoll = -1,
                                     .listener = listener,
                                     .hand_over = -1,
                                     .stop = i == 0 ? stop : others_stop};
        }
        ready(bound);
        code = run_loops(loops, spec->loops, others_stop);
    }
    if (listener >= 0) {
        (void)close(listener);
        bench_unlisten(&address);
    }
    if (stop >= 0) (void)close(stop);
    if (others_stop >= 0) (void)close(others_stop);
    kind->release();
    return code;
}

static void *run_inside(void *user) {
    bench_echo_thread *server = user;
    server_loop loop = {.kind = server->kind,
                        .spec = server->spec,
                        .epoll = -1,
                        .listener = -1,
                        .hand_over = server->hand_over[0],
                        .stop = -1};
    if (init(&loop)) run(&loop);
    deinit(&loop);
    return NULL;
}

bool bench_echo_thread_start(bench_echo_thread *server, const bench_link_kind *kind, const bench_spec *spec) {
    server->kind = kind;
    server->spec = spec;
    if (!kind->prepare(true) || pipe(server->hand_over) != 0) return false;
    if (pthread_create(&server->thread, NULL, run_inside, server) == 0) return true;
    (void)close(server->hand_over[0]);
    (void)close(server->hand_over[1]);
    return false;
}

int bench_echo_thread_dial(bench_echo_thread *server) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return -1;
    if (write(server->hand_over[1], &pair[1], sizeof pair[1]) == sizeof pair[1]) return pair[0];
    (void)close(pair[0]);
    (void)close(pair[1]);
    return -1;
}

void bench_echo_thread_stop(bench_echo_thread *server) {
    (void)close(server->hand_over[1]);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->hand_over[0]);
}
