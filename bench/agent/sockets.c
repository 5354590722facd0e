/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "grille/grille.h"
#include "loop/hybrid.h"
#include "loop/socket.h"

enum { BACKLOG = 4096, DIAL_TIMEOUT_MS = 5000 };

static int failed(const char *what, const grille_address *address, int status) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address_format(address, text);
    (void)fprintf(stderr, "agent: %s %s: %s\n", what, text, strerror(-status));
    return -1;
}

bool bench_address_parse(const char *text, grille_address *address) {
    grille_error error;
    if (grille_address_parse(text, address, &error) == GRILLE_REASON_OK) return true;
    (void)fprintf(stderr, "agent: %s: %s\n", text, error.text);
    return false;
}

/* Whether nobody listens on a socket that is there. */
static bool is_left_over(const grille_socket_name *name) {
    int fd = -1;
    int status = 0;
    if (name->storage.ss_family != AF_UNIX || grille_socket_open(name, &fd) != 0) return false;
    status = grille_socket_connect(fd, name);
    (void)close(fd);
    return status == -ECONNREFUSED;
}

static int bind_to(int fd, const grille_socket_name *name) {
    const struct sockaddr *address = (const struct sockaddr *)&name->storage;
    int on = 1;
    if (name->storage.ss_family != AF_UNIX) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, name->len) == 0) return 0;
    if (errno != EADDRINUSE || !is_left_over(name)) return -errno;
    (void)unlink(((const struct sockaddr_un *)(const void *)&name->storage)->sun_path);
    return bind(fd, address, name->len) == 0 ? 0 : -errno;
}

int bench_listen(const grille_address *address, char bound[GRILLE_ADDRESS_TEXT_BYTES]) {
    grille_address actual = *address;
    grille_socket_name name;
    int fd = -1;
    int status = -EAFNOSUPPORT;
    if (!grille_socket_name_to_bind(address, &name)) return failed("listen on", address, status);
    status = grille_socket_open(&name, &fd);
    if (status == 0) status = bind_to(fd, &name);
    if (status == 0 && listen(fd, BACKLOG) != 0) status = -errno;
    if (status != 0) {
        if (fd >= 0) (void)close(fd);
        return failed("listen on", address, status);
    }
    if (actual.kind == GRILLE_ADDRESS_TCP) actual.port = grille_socket_bound_port(fd);
    grille_address_format(&actual, bound);
    return fd;
}

void bench_unlisten(const grille_address *address) {
    grille_socket_name name;
    if (address->kind != GRILLE_ADDRESS_UNIX && address->kind != GRILLE_ADDRESS_HYBRID) return;
    if (!grille_socket_name_to_bind(address, &name)) return;
    (void)unlink(((const struct sockaddr_un *)(const void *)&name.storage)->sun_path);
}

static bool wait_until(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    int ready = 0;
    do {
        ready = poll(&one, 1, DIAL_TIMEOUT_MS);
    } while (ready < 0 && errno == EINTR);
    return ready == 1;
}

static int connect_to(int fd, const grille_socket_name *name) {
    int status = grille_socket_connect(fd, name);
    if (status == -EINPROGRESS) return wait_until(fd, POLLOUT) ? grille_socket_pending_error(fd) : -ETIMEDOUT;
    if (status != -EAGAIN) return status;
    /* A Unix listener whose queue is full: only a blocking socket waits for it. */
    const int flags = fcntl(fd, F_GETFL);
    (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    status = grille_socket_connect(fd, name);
    (void)fcntl(fd, F_SETFL, flags);
    return status;
}

static int ask_for_port(int fd, uint32_t port) {
    grille_hybrid_answer answer = {.len = 0};
    grille_hybrid_result result = GRILLE_HYBRID_MORE;
    if (!grille_hybrid_send_connect(fd, port)) return -EPIPE;
    while (result == GRILLE_HYBRID_MORE && wait_until(fd, POLLIN))
        result = grille_hybrid_read_answer(&answer, fd);
    return result == GRILLE_HYBRID_CONNECTED ? 0 : result == GRILLE_HYBRID_MORE ? -ETIMEDOUT : -ECONNREFUSED;
}

int bench_dial(const grille_address *address) {
    grille_socket_name name;
    int status = -EAFNOSUPPORT;
    for (unsigned attempt = 0; grille_socket_name_to_dial(address, attempt, &name); attempt++) {
        int fd = -1;
        status = grille_socket_open(&name, &fd);
        if (status != 0) break;
        status = connect_to(fd, &name);
        if (status == 0 && address->kind == GRILLE_ADDRESS_HYBRID) status = ask_for_port(fd, address->port);
        if (status == 0) return fd;
        (void)close(fd);
    }
    return failed("connect to", address, status);
}

void bench_close_at_once(const grille_address *address, int fd) {
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (address->kind == GRILLE_ADDRESS_TCP) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}
