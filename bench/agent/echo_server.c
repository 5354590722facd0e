/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bench/agent/echo_served.h"
#include "bench/agent/sockets.h"
#include "loop/socket.h"

enum { EVENTS = 64, LOOPS_MAX = 64 };

static void accept_one(echo_loop *loop) {
    int fd = -1;
    if (grille_socket_accept(loop->listener, &fd) == 0) bench_served_take_over(loop, fd);
}

/* False: no more will come. */
static bool receive_one(echo_loop *loop) {
    int fd = -1;
    if (read(loop->hand_over, &fd, sizeof fd) != sizeof fd) return false;
    bench_served_take_over(loop, fd);
    return true;
}

/* False: the end. */
static bool handle(echo_loop *loop, const struct epoll_event *event) {
    void *who = event->data.ptr;
    if (who == &loop->stop) return false;
    if (who == &loop->hand_over) return receive_one(loop);
    if (who == &loop->listener)
        accept_one(loop);
    else
        bench_served_turn(loop, who, event->events);
    return true;
}

static void run(echo_loop *loop) {
    struct epoll_event events[EVENTS];
    for (;;) {
        const int count = epoll_wait(loop->epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) return;
        for (int i = 0; i < count; i++) {
            if (!handle(loop, &events[i])) return;
        }
    }
}

static bool watch(echo_loop *loop, int *fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    return *fd < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static bool init(echo_loop *loop) {
    loop->all.next = loop->all.previous = &loop->all;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return bench_workspace_init(&loop->workspace) && loop->epoll >= 0 && watch(loop, &loop->listener) &&
           watch(loop, &loop->hand_over) && watch(loop, &loop->stop);
}

static void deinit(echo_loop *loop) {
    while (loop->all.next != NULL && loop->all.next != &loop->all)
        bench_served_drop(loop, loop->all.next);
    bench_workspace_deinit(&loop->workspace);
    if (loop->epoll >= 0) (void)close(loop->epoll);
}

static void *run_thread(void *user) {
    run(user);
    return NULL;
}

/* The first loop runs on this thread and watches for SIGTERM; the others have threads of their own. */
static int run_loops(echo_loop *loops, uint32_t count, int others_stop) {
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
    static echo_loop loops[LOOPS_MAX];
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
            loops[i] = (echo_loop){.kind = kind,
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
    echo_loop loop = {.kind = server->kind,
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
