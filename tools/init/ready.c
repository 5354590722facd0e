/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "init.h"

/* nitro-cli: the parent of an enclave is CID 3, elsewhere it is 2; port and byte are nitro-cli's. */
enum { ready_port = 9000, ready_byte = 0xb7, parents = 2 };
static const unsigned parent_cids[parents] = {3, VMADDR_CID_HOST};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A descriptor that is being connected, or -1. The kernel's own patience is 2 s: little for a busy parent. */
static int dial(unsigned cid, int patience_ms) {
    const struct timeval patience = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = ready_port};
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS) return fd;
    (void)close(fd);
    return -1;
}

static bool is_connected(int fd) {
    int problem = 0;
    socklen_t len = sizeof problem;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) == 0 && problem == 0;
}

/* Sends when it can, receives when the answer is there; false when this one is no parent. *done: it answered. */
static bool go_on(struct pollfd *one, bool *done) {
    uint8_t byte = ready_byte;
    if ((one->revents & POLLOUT) != 0) {
        if (!is_connected(one->fd) || send(one->fd, &byte, 1, MSG_NOSIGNAL) != 1) return false;
        one->events = POLLIN;
        return true;
    }
    *done = recv(one->fd, &byte, 1, 0) == 1 && byte == ready_byte;
    return *done;
}

bool init_tell_ready(int patience_ms) {
    const int64_t end_ms = now_ms() + patience_ms;
    struct pollfd ends[parents];
    bool done = false;
    for (int i = 0; i < parents; i++)
        ends[i] = (struct pollfd){.fd = dial(parent_cids[i], patience_ms), .events = POLLOUT};
    while (!done && (ends[0].fd >= 0 || ends[1].fd >= 0)) {
        const int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0 || poll(ends, parents, (int)left_ms) <= 0) break;
        for (int i = 0; i < parents && !done; i++) {
            if (ends[i].fd < 0 || ends[i].revents == 0 || go_on(&ends[i], &done)) continue;
            (void)close(ends[i].fd);
            ends[i].fd = -1;
        }
    }
    for (int i = 0; i < parents; i++)
        if (ends[i].fd >= 0) (void)close(ends[i].fd);
    return done;
}
